// Typed views of header values. Each parses one value in place, borrows its
// bytes, and understands folds (CRLF and white space count as one space, RFC
// 3261 7.3.1).
//
// A parser returns nothing when the value breaks the grammar of what it reads;
// it is strict where a rule of ours depends on the part, and does not look at
// the rest.
#ifndef CORE_SIP_VALUES_H_
#define CORE_SIP_VALUES_H_

#include "core/sip/list.h"
#include "core/sip/name_addr.h"
#include "core/sip/text.h"
#include "core/sip/uri.h"
#include "core/sip/via.h"

#endif  // CORE_SIP_VALUES_H_
