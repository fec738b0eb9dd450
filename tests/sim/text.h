// Reading and writing SIP in the simulation, slowly and without a line of core/sip.
#ifndef TESTS_SIM_TEXT_H_
#define TESTS_SIM_TEXT_H_

#include <string>
#include <string_view>
#include <vector>

#include "core/testing/edge_harness.h"

namespace sallyport::sim {

// The value of `name=value` in a Digest row, quotes off; "" when it is not there.
std::string DigestParam(std::string_view row, std::string_view name);
// All values of `integrity-protected` outside quoted strings in all Authorization
// and Proxy-Authorization rows.
std::vector<std::string> IntegrityValues(std::string_view message);
// The branch of the topmost Via.
std::string TopBranch(std::string_view message);
// What `Contact: <…>;expires=N` asks for; 600 when it does not say.
int ContactExpires(std::string_view message);
bool IsRequest(std::string_view message);
std::string_view MethodOf(std::string_view message);  // as the CSeq says it
// What a phone answers to a nonce: not a real digest, but nobody else's.
std::string Proof(std::string_view impi, std::string_view nonce);

}  // namespace sallyport::sim

#endif  // TESTS_SIM_TEXT_H_
