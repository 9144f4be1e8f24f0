/* What libtorch names of CUDA's runtime and does not need here: several processes, pools of memory, profilers. All of it says that it is not
   supported (801). In C, where the declarations of CUDA's headers need not be repeated. */
#define ABSENT(name) \
  int name(void) { return 801; }
ABSENT(cudaDeviceEnablePeerAccess)
ABSENT(cudaDeviceGetDefaultMemPool)
ABSENT(cudaFreeAsync)
ABSENT(cudaIpcCloseMemHandle)
ABSENT(cudaIpcGetEventHandle)
ABSENT(cudaIpcGetMemHandle)
ABSENT(cudaIpcOpenEventHandle)
ABSENT(cudaIpcOpenMemHandle)
ABSENT(cudaLaunchHostFunc)
ABSENT(cudaMallocAsync)
ABSENT(cudaMemPoolGetAttribute)
ABSENT(cudaMemPoolSetAccess)
ABSENT(cudaMemPoolSetAttribute)
ABSENT(cudaMemPoolTrimTo)
ABSENT(cudaProfilerStart)
ABSENT(cudaProfilerStop)
