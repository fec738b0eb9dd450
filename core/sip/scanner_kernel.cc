#include "core/sip/scanner_kernel.h"

namespace sallyport::sip {

std::string_view ToString(ScanKernel kernel) {
  switch (kernel) {
    case ScanKernel::kPortable:
      return "portable";
    case ScanKernel::kAvx2:
      return "avx2";
  }
  return "";
}

bool IsAvailable(ScanKernel kernel) {
  switch (kernel) {
    case ScanKernel::kPortable:
      return true;
    case ScanKernel::kAvx2:
      return HasAvx2();
  }
  return false;
}

MarkBlocks KernelOf(ScanKernel kernel) {
  switch (kernel) {
    case ScanKernel::kPortable:
      return MarkBlocksPortable;
    case ScanKernel::kAvx2:
      return MarkBlocksAvx2;
  }
  return MarkBlocksPortable;
}

ScanKernel BestKernel() {
  static const ScanKernel best = IsAvailable(ScanKernel::kAvx2)
                                     ? ScanKernel::kAvx2
                                     : ScanKernel::kPortable;
  return best;
}

}  // namespace sallyport::sip
