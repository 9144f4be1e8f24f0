/* NeuralOdeHybrid's C ABI: every public header. */
#ifndef NEURALODE_H
#define NEURALODE_H

#include "data.h"
#include "dynamics.h"
#include "model.h"
#include "observe.h"
#include "optim.h"
#include "solve.h"
#include "status.h"
#include "tensor.h"

#endif
