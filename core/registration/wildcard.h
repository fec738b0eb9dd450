// A wildcarded public identity: a SIP or tel URI of which a part is a regular
// expression between exclamation marks, `sip:alice!.*!@ims.example.com`.
#ifndef CORE_REGISTRATION_WILDCARD_H_
#define CORE_REGISTRATION_WILDCARD_H_

#include <cstddef>
#include <string_view>

#include "core/sip/values.h"

namespace sallyport::registration {

inline constexpr size_t kWildcardBytesMax = 256;

// Can this pattern match anything at all? The outermost exclamation marks part
// the expression from the rest of a SIP user part or a tel number; of extended
// regular expressions these are understood, and the whole part must match:
//   a literal octet, `.`, `\` and a punctuation mark,
//   `[abc]`, `[^a-z]`, `[[:digit:]]` (also alpha, alnum, xdigit),
//   behind one of them `*`, `+`, `?`, `{3}`, `{3,}`, `{3,5}`.
// Groups, alternatives and anchors are not: such a pattern matches nothing.
// Source: TS 23.003 13.5, TS 24.229 5.4.3.3
bool IsWildcard(std::string_view pattern);

// Scheme, host, port and parameters are those of the pattern, and the user part
// matches; a URI with a password or with headers matches nothing.
// Bounds: kWildcardBytesMax; an expression of 63 places, `{n}` counted n times.
// Cost:   no heap; at most 64 steps for each octet of the user part, whatever
//         the pattern.
bool MatchesWildcard(std::string_view pattern, const sip::UriView& uri);

}  // namespace sallyport::registration

#endif  // CORE_REGISTRATION_WILDCARD_H_
