// The headers that every file on libtorch shares; compiled once.
#pragma once

#include <torch/script.h>
#include <torch/torch.h>
