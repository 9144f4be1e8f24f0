// libtorch's operators on the emulated GPU, whose memory is the host's: each by its CPU kernel, in the order of the stream. Loaded before
// the program, it takes the place of the CUDA kernels of every operator that has a CPU kernel.
//
// Work that is not done at once needs the shapes of its results: the CPU kernel runs on tensors of the same shapes first, whose numbers
// mean nothing.
#include <ATen/ATen.h>
#include <ATen/core/LegacyTypeDispatch.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <c10/core/InferenceMode.h>
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAStream.h>
#include <c10/util/Exception.h>
#include <cuda_runtime_api.h>

#include <cstring>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

extern "C" {
void neuralode_emulated_queue(cudaStream_t stream, const std::function<void()>* work);
int neuralode_emulated_mode(cudaStream_t stream);
}

namespace {

using at::Tensor;
using c10::IValue;
using Stack = std::vector<IValue>;
enum Mode { at_once, later, captured };

/// Kernels are called without what lies above them.
struct BelowAutograd {
  at::AutoDispatchBelowADInplaceOrView below;
  c10::impl::ExcludeDispatchKeyGuard no_autocast{c10::autocast_dispatch_keyset};
};

at::TensorOptions on_cpu(const Tensor& tensor) { return tensor.options().device(at::kCPU).requires_grad(false); }

/// The same memory, as the CPU's.
Tensor alias_of(const Tensor& tensor) {
  return at::from_blob(
      tensor.data_ptr(), tensor.sizes(), tensor.strides(), [](void*) {}, on_cpu(tensor));
}

/// Of the same shape, filled with zeros, which are valid indices; int32 with ones, the least that a pivot may be.
Tensor stand_in_of(const Tensor& tensor) {
  const auto stand_in = at::empty_strided(tensor.sizes(), tensor.strides(), on_cpu(tensor));
  if (stand_in.numel() > 0) std::memset(stand_in.storage().mutable_data(), 0, stand_in.storage().nbytes());
  if (stand_in.scalar_type() == at::kInt) stand_in.fill_(1);
  return stand_in;
}

/// `value` with f(tensor) for each of its tensors that is defined; GPUs become the CPU, generators that of the CPU.
template <class F>
IValue with_tensors(const IValue& value, const F& f) {
  if (value.isTensor()) return value.toTensor().defined() ? IValue(f(value.toTensor())) : value;
  if (value.isTensorList()) {
    c10::List<Tensor> list;
    for (const auto& tensor : value.toTensorVector()) list.push_back(tensor.defined() ? f(tensor) : tensor);
    return list;
  }
  if (value.isOptionalTensorList()) {
    c10::List<c10::optional<Tensor>> list;
    for (const auto& tensor : value.toOptionalTensorVector())
      list.push_back(tensor && tensor->defined() ? c10::optional<Tensor>(f(*tensor)) : tensor);
    return list;
  }
  if (value.isDevice()) return at::Device(at::kCPU);
  if (value.isGenerator()) return IValue();
  return value;
}

/// Every tensor among the values, undefined ones too.
std::vector<Tensor> tensors_of(const Stack& values) {
  std::vector<Tensor> tensors;
  for (const auto& value : values) {
    if (value.isTensor()) tensors.push_back(value.toTensor());
    if (value.isTensorList())
      for (const auto& tensor : value.toTensorVector()) tensors.push_back(tensor);
  }
  return tensors;
}

/// One call of an operator.
class Call {
 public:
  Call(const c10::OperatorHandle& op, Stack* stack)
      : op_(op), schema_(op.schema()), name_(schema_.name()), stack_(stack), first_(stack->size() - schema_.arguments().size()) {}

  void make() {
    refuse_other_devices();
    mode_ = static_cast<Mode>(neuralode_emulated_mode(stream_));
    if (waits()) {
      // Throws where a capture forbids it.
      C10_CUDA_CHECK(cudaStreamSynchronize(stream_));
      mode_ = at_once;
    }
    const BelowAutograd below;
    find_outputs_to_grow();
    Stack for_real, now;
    for (std::size_t i = 0; i < count(); ++i) for_real.push_back(on_cpu_at(i, false));
    for (std::size_t i = 0; i < count(); ++i) now.push_back(mode_ == at_once ? for_real[i] : on_cpu_at(i, true));
    op_.callBoxed(&now);
    grow_outputs(for_real);
    const auto results = results_of(now);
    if (mode_ == at_once) {
      const std::function<void()> done = [] {};
      neuralode_emulated_queue(stream_, &done);
    } else {
      queue_for_real(std::move(for_real));
    }
    stack_->resize(first_);
    stack_->insert(stack_->end(), results.begin(), results.end());
  }

 private:
  std::size_t count() const { return schema_.arguments().size(); }
  const IValue& argument(std::size_t i) const { return (*stack_)[first_ + i]; }
  bool copies() const { return name_ == "aten::copy_"; }

  /// As CUDA's kernels do, which take numbers in tensors, and the indices of x[i], from the CPU.
  void refuse_other_devices() const {
    if (copies()) return;
    for (std::size_t i = 0; i < count(); ++i) {
      const auto& declared = schema_.arguments()[i];
      const bool written = declared.alias_info() != nullptr && declared.alias_info()->isWrite();
      const auto refuse = [&](const Tensor& tensor) {
        TORCH_CHECK(tensor.is_cuda() || (tensor.dim() == 0 && !written), "Expected all tensors to be on the same device: ", name_,
                    " got one on the CPU for ", declared.name());
        return tensor;
      };
      if (!argument(i).isOptionalTensorList()) with_tensors(argument(i), refuse);
    }
  }

  /// Whether the results' shapes follow from numbers: of a mask, say.
  bool shaped_by_numbers() const {
    if (name_ == "aten::nonzero" || name_ == "aten::masked_select" || name_.find("unique") != std::string::npos) return true;
    for (std::size_t i = 0; i < count(); ++i) {
      if (!argument(i).isOptionalTensorList()) continue;
      for (const auto& index : argument(i).toOptionalTensorVector())
        if (index && index->defined() && (index->scalar_type() == at::kBool || index->scalar_type() == at::kByte)) return true;
    }
    return false;
  }

  /// Whether the host waits for the stream: for numbers and shapes that it gets, for pageable memory, and for the CPU's random numbers.
  bool waits() const {
    if (shaped_by_numbers()) return true;
    for (const auto& result : schema_.returns())
      if (result.type()->kind() != c10::TypeKind::TensorType && result.type()->kind() != c10::TypeKind::ListType) return true;
    if (copies()) {
      const auto& target = argument(0).toTensor();
      const auto& host = target.is_cpu() ? target : argument(1).toTensor();
      return host.is_cpu() && !(argument(2).toBool() && host.is_pinned());
    }
    if (mode_ == captured) return false;
    if (name_.find("dropout") != std::string::npos) return true;
    for (const auto& argument : schema_.arguments())
      if (argument.name() == "generator") return true;
    return false;
  }

  /// Outputs that are given empty are resized by the operator; an alias cannot be.
  void find_outputs_to_grow() {
    for (std::size_t i = 0; i < count(); ++i) {
      const auto* alias = schema_.arguments()[i].alias_info();
      if (alias == nullptr || !alias->isWrite() || !argument(i).isTensor()) continue;
      const auto& tensor = argument(i).toTensor();
      if (tensor.is_cuda() && tensor.numel() == 0) growing_[i] = at::empty({0}, on_cpu(tensor));
    }
  }

  IValue on_cpu_at(std::size_t i, bool stand_in) {
    const auto growing = growing_.find(i);
    if (growing != growing_.end()) return growing->second;
    return with_tensors(argument(i), [&](const Tensor& tensor) -> Tensor {
      if (!tensor.is_cuda() && !copies()) return tensor.unsafeGetTensorImpl()->is_wrapped_number() ? tensor : tensor.clone();
      auto& made = (stand_in ? stand_ins_ : aliases_)[tensor.unsafeGetTensorImpl()];
      if (!made.defined()) {
        made = stand_in ? stand_in_of(tensor) : alias_of(tensor);
        if (tensor.is_cuda()) gpus_[made.unsafeGetTensorImpl()] = tensor;
        if (tensor.is_cpu()) hosts_.push_back(tensor);  // pinned memory of an asynchronous copy
      }
      return made;
    });
  }

  void grow_outputs(Stack& for_real) {
    for (const auto& [i, grown] : growing_) {
      const auto output = argument(i).toTensor();
      output.resize_(grown.sizes());
      if (!grown.is_contiguous()) output.as_strided_(grown.sizes(), grown.strides());
      gpus_[grown.unsafeGetTensorImpl()] = output;
      if (mode_ == at_once) alias_of(output).copy_(grown);
      for_real[i] = alias_of(output);
    }
  }

  /// What the operator returns, on the GPU: arguments, views of them, or new tensors.
  Stack results_of(const Stack& now) {
    const auto all = tensors_of(now);
    Stack results;
    for (const auto& value : now)
      results.push_back(with_tensors(value, [&](const Tensor& made) {
        const auto known = gpus_.find(made.unsafeGetTensorImpl());
        if (known != gpus_.end()) {
          TORCH_CHECK(known->second.sizes() == made.sizes(), name_, " resized its output, which the emulated GPU does not know");
          return known->second;
        }
        for (const auto& [impl, gpu] : gpus_)
          if (impl->storage().data() == made.storage().data() && made.numel() > 0)
            return gpu.as_strided(made.sizes(), made.strides(), gpu.storage_offset() + made.storage_offset() - impl->storage_offset());
        const auto result = at::empty_strided(made.sizes(), made.strides(), made.options().device(at::Device(at::kCUDA, 0)));
        if (mode_ == at_once) alias_of(result).copy_(made);
        for (std::size_t position = 0; position < all.size(); ++position)
          if (all[position].is_same(made)) new_.emplace_back(position, alias_of(result));
        return result;
      }));
    return results;
  }

  void queue_for_real(Stack for_real) const {
    const std::function<void()> work = [op = op_, for_real = std::move(for_real), made = new_, hosts = hosts_] {
      const BelowAutograd below;
      const c10::InferenceMode no_inference(false);
      const at::NoGradGuard no_grad;
      auto stack = for_real;
      op.callBoxed(&stack);
      const auto results = tensors_of(stack);
      for (const auto& [position, target] : made) target.copy_(results[position]);
    };
    neuralode_emulated_queue(stream_, &work);
  }

  c10::OperatorHandle op_;
  const c10::FunctionSchema& schema_;
  const std::string& name_;
  Stack* stack_;
  std::size_t first_;
  cudaStream_t stream_ = c10::cuda::getCurrentCUDAStream().stream();
  Mode mode_ = at_once;
  std::map<std::size_t, Tensor> growing_;                         ///< by argument
  std::map<const c10::TensorImpl*, Tensor> aliases_, stand_ins_;  ///< by the GPU's tensor
  std::map<const c10::TensorImpl*, Tensor> gpus_;                 ///< the GPU's tensor by its alias or stand-in
  std::vector<Tensor> hosts_;
  std::vector<std::pair<std::size_t, Tensor>> new_;  ///< aliases of results by their place among the returned tensors
};

void call_on_cpu(const c10::OperatorHandle& op, Stack* stack) { Call(op, stack).make(); }

/// Those whose CUDA kernels queue nothing, or only copies.
const std::set<std::string> kept_operators{"aten::empty",
                                           "aten::empty_strided",
                                           "aten::as_strided",
                                           "aten::view",
                                           "aten::_reshape_alias",
                                           "aten::alias",
                                           "aten::set_",
                                           "aten::resize_",
                                           "aten::is_set_to",
                                           "aten::record_stream",
                                           "aten::_local_scalar_dense",
                                           "aten::_pin_memory",
                                           "aten::is_pinned",
                                           "aten::unfold",
                                           "aten::view_as_real",
                                           "aten::view_as_complex",
                                           "aten::_efficientzerotensor",
                                           "aten::_copy_from",
                                           "aten::_copy_from_and_resize"};
/// Those that would choose cuDNN, or a kernel by the device.
const std::set<std::string> composites{"aten::convolution", "aten::convolution_backward", "aten::copy_"};

struct Silence : c10::WarningHandler {
  void process(const c10::Warning&) override {}
};

struct Installation {
  Installation() {
    Silence silence;  // that kernels are registered again is meant
    const c10::WarningUtils::WarningHandlerGuard guard(&silence);
    at::globalContext().setUserEnabledCuDNN(false);
    auto& dispatcher = c10::Dispatcher::singleton();
    for (const auto& name : dispatcher.getAllOpNames()) {
      if (name.name.rfind("aten::", 0) != 0 || kept_operators.count(name.name) > 0) continue;
      const auto op = dispatcher.findSchema(name);
      if (!op) continue;
      const bool composite = composites.count(name.name) > 0 && name.overload_name.empty();
      const bool both = op->hasKernelForDispatchKey(c10::DispatchKey::CUDA) && op->hasComputedKernelForDispatchKey(c10::DispatchKey::CPU);
      if (composite || both)
        registered_.push_back(dispatcher.registerImpl(name, c10::DispatchKey::CUDA,
                                                      c10::KernelFunction::makeFromBoxedFunction<&call_on_cpu>(), c10::nullopt, nullptr,
                                                      "emulated GPU"));
    }
  }

 private:
  std::vector<c10::RegistrationHandleRAII> registered_;
};

const Installation installation;

}  // namespace
