#include "solvers/alf_kernels.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <cmath>

#include "support/expect.h"
#include "support/ode.h"
#include "tensors/layout.h"

namespace neuralode::testing {
namespace {

constexpr std::int64_t large = 300007;  // more than one thread's share, and no multiple of it

TensorList lists(double phase, at::ScalarType dtype) { return {wave({large}, phase, 1, dtype), wave({5}, phase, 1, dtype)}; }

class ListKernels : public ::testing::TestWithParam<at::ScalarType> {
 protected:
  ListKernels() : threads_(at::get_num_threads()) {}
  ~ListKernels() override { at::set_num_threads(threads_); }
  const TensorList a_ = lists(0.1, GetParam()), b_ = lists(0.7, GetParam()), c_ = lists(1.9, GetParam()), d_ = lists(2.3, GetParam());

 private:
  int threads_;
};

TEST_P(ListKernels, SumsDoNotDependOnTheNumberOfThreads) {
  at::set_num_threads(1);
  const double product = dot(a_, b_), error = alf_error_norm(a_, b_, c_, d_, 0.1, 1e-3, 1e-3);
  at::set_num_threads(2);
  EXPECT_EQ(dot(a_, b_), product);
  EXPECT_EQ(alf_error_norm(a_, b_, c_, d_, 0.1, 1e-3, 1e-3), error);
}

TEST_P(ListKernels, CoverEveryElementOfEveryTensor) {
  const auto wide = [](const TensorList& list, std::size_t i) { return list[i].to(at::kDouble); };
  const auto k = empty_like(a_), z = empty_like(a_), v = empty_like(a_);
  alf_head(a_, b_, k, 0.5);
  alf_tail(k, b_, c_, z, v, 0.5, 0.75);
  for (std::size_t i = 0; i < a_.size(); ++i) {
    const auto expected_v = -0.5 * wide(b_, i) + 1.5 * wide(c_, i), expected_z = wide(k, i) + 0.25 * expected_v;
    // Values up to 2.5: bfloat16 rounds them by 2^-8 of that, the others by far less.
    const double tolerance = GetParam() == at::kBFloat16 ? 2.5 / 256 : 1e-6;
    EXPECT_LE((wide(k, i) - wide(a_, i) - 0.25 * wide(b_, i)).abs().max().item<double>(), tolerance);
    EXPECT_LE((wide(v, i) - expected_v).abs().max().item<double>(), tolerance);
    EXPECT_LE((wide(z, i) - expected_z).abs().max().item<double>(), tolerance);
  }
}

TEST_P(ListKernels, FindTheOneElementThatIsNotFinite) {
  auto bad = lists(0.1, GetParam());
  EXPECT_TRUE(all_finite(bad));
  bad[0][large - 1] = NAN;
  EXPECT_FALSE(all_finite(bad));
  EXPECT_TRUE(std::isnan(difference(bad, a_).largest_difference));
  EXPECT_TRUE(std::isnan(difference(a_, bad).largest_difference));
}

TEST_P(ListKernels, DifferenceIsTheLargestOfAllTensors) {
  auto other = lists(0.1, GetParam());
  other[1][3] = 8;
  const auto result = difference(a_, other);
  EXPECT_NEAR(result.largest_difference, 8, 1);
  EXPECT_EQ(result.largest_value, 8);
}

INSTANTIATE_TEST_SUITE_P(Dtypes, ListKernels, ::testing::Values(at::kFloat, at::kDouble, at::kBFloat16));

TEST(Layouts, ACopyIsMadeOnlyWhereStridesDiffer) {
  const auto reference = wave({2, 3, 4, 5}).contiguous(at::MemoryFormat::ChannelsLast),
             same = wave({2, 3, 4, 5}, 1).contiguous(at::MemoryFormat::ChannelsLast);
  EXPECT_TRUE(with_layout_of(same, reference).is_same(same));
  const auto copied = with_layout_of(wave({2, 3, 4, 5}, 1), reference);
  EXPECT_EQ(copied.strides(), reference.strides());
  EXPECT_TRUE(copied.equal(wave({2, 3, 4, 5}, 1)));
}

TEST(Layouts, ADenseCopyIsDenseAndAlone) {
  for (const auto& tensor : {wave({4, 6}).t(), wave({4, 6}).slice(1, 0, 6, 2), wave({1, 6}).expand({4, 6}),
                             wave({2, 3, 4, 5}).contiguous(at::MemoryFormat::ChannelsLast)}) {
    const auto copy = dense_copy(tensor);
    EXPECT_TRUE(copy.is_non_overlapping_and_dense());
    EXPECT_TRUE(owns_storage_alone(copy));
    EXPECT_TRUE(copy.equal(tensor));
  }
}

TEST(Layouts, StorageIsSharedByHandlesAndViews) {
  const auto tensor = at::ones({4});
  EXPECT_TRUE(owns_storage_alone(tensor));
  {
    const auto second = tensor;
    EXPECT_FALSE(owns_storage_alone(tensor));
  }
  {
    const auto view = tensor.slice(0, 0, 2);
    EXPECT_FALSE(owns_storage_alone(tensor));
  }
  EXPECT_TRUE(owns_storage_alone(tensor));
}

}  // namespace
}  // namespace neuralode::testing
