#include "card.h"

#include <array>
#include <mutex>

namespace arrowhead::cuda {

const Card& currentCard() {
  constexpr int kMaxCards = 64;
  static std::array<Card, kMaxCards> cards;
  static std::array<std::once_flag, kMaxCards> asked;
  static const Card none = {};
  int device = 0;
  if (cudaGetDevice(&device) != cudaSuccess || device >= kMaxCards) return none;
  std::call_once(asked[device], [device] {
    Card& card = cards[device];
    cudaDeviceGetAttribute(&card.multiprocessors, cudaDevAttrMultiProcessorCount, device);
    cudaDeviceGetAttribute(&card.major, cudaDevAttrComputeCapabilityMajor, device);
    cudaDeviceGetAttribute(&card.minor, cudaDevAttrComputeCapabilityMinor, device);
  });
  return cards[device];
}

}  // namespace arrowhead::cuda
