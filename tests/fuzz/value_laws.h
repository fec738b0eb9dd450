// What must hold of every typed view of a header value, whatever the value: its
// parts lie within it, and reading is the same by every way.
#ifndef TESTS_FUZZ_VALUE_LAWS_H_
#define TESTS_FUZZ_VALUE_LAWS_H_

#include <string_view>

namespace sallyport::fuzz {

// Reads one row in every way that core/sip knows: as a list, as Via, address,
// CSeq, URI, number, credentials, parameters, quoted string.
void DemandValue(std::string_view row);
// The comparison of two URIs, each way.
void DemandComparison(std::string_view a, std::string_view b);

}  // namespace sallyport::fuzz

#endif  // TESTS_FUZZ_VALUE_LAWS_H_
