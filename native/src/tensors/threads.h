// How many threads one operation may use.
#pragma once

namespace neuralode {

/// Of libtorch's own loops and of the BLAS below it, where that is OpenBLAS: libtorch sets only its own, and two pools of spinning
/// threads on few cores cost more than either gains. count: 1 or more.
void set_threads(int count);

}  // namespace neuralode
