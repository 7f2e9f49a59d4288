// What the current card is, asked once per card.
#pragma once
#include <cuda_runtime.h>

namespace arrowhead::cuda {

struct Card {
  int multiprocessors;
  int major;
  int minor;
};

// Of the current device. Throws nothing: all zero where there is none.
const Card& currentCard();

}  // namespace arrowhead::cuda
