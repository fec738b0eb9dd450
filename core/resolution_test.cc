#include "core/resolution.h"

#include "core/testing/name_table.h"
#include "gtest/gtest.h"

namespace sallyport {
namespace {

TEST(HostOutcome, HasALabelForEachValue) {
  ExpectLabels<HostOutcome>(kHostOutcomeCount);
}

}  // namespace
}  // namespace sallyport
