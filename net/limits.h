// The bounds of this room: ceilings that no flag passes, and defaults, each
// with its reason.
#ifndef NET_LIMITS_H_
#define NET_LIMITS_H_

#include <cstddef>
#include <cstdint>

#include "core/base/time.h"

namespace sallyport::net {

// Ring ----------------------------------------------------------------------

// Submissions of one turn. When a turn wants more, it submits in between.
inline constexpr uint32_t kRingEntriesDefault = 1024;
// Completions that one turn may reap: four times as many, because one multishot
// request makes many completions. What does not fit is kept by the kernel.
inline constexpr uint32_t kCompletionsPerSubmission = 4;

// Streams -------------------------------------------------------------------

// The slot has 24 bits of a completion's user data.
inline constexpr uint32_t kStreamsCeiling = 1u << 24;
inline constexpr uint32_t kStreamsDefault = 65536;

// Receiving: a SIP message over TCP is 1 to 2 KiB; a TLS record with it fits
// into one buffer. A buffer is lent for one OnBytes only, so the count bounds
// what one turn can receive, not how many streams there are. The kernel fills
// them in a circle and so touches them all: no more than needed.
inline constexpr uint32_t kReceiveBufferBytesDefault = 4096;
inline constexpr uint32_t kReceiveBuffersDefault = 128;    // a power of two
inline constexpr uint32_t kReceiveBuffersCeiling = 32768;  // the kernel's

// Sending: the smallest batch, and how much a peer that does not read may leave
// with us. Four of the largest messages (64 KiB) and their TLS records.
inline constexpr size_t kSendBufferBytesMin = 4096;
inline constexpr size_t kQueuedBytesDefault = 384 * 1024;
inline constexpr size_t kQueuedBytesCeiling = size_t{64} << 20;
// All streams of one reactor together.
inline constexpr size_t kSendBytesDefault = size_t{256} << 20;
// Send buffers that are kept for reuse; more than these go back to the heap.
inline constexpr size_t kIdleSendBytesDefault = size_t{16} << 20;

// Connects that one submission carries; their addresses must stay in place
// until then.
inline constexpr uint32_t kConnectsPerSubmission = 64;

// Close(kFlush) without a nearer deadline: a peer that neither reads nor ends
// keeps its slot no longer than this.
inline constexpr Millis kFlushMax{60'000};
// A peer that ended its side gets what is queued for it within this time.
inline constexpr Millis kEndedPeerFlush{1000};

// Listening -----------------------------------------------------------------

inline constexpr uint32_t kListenersMax = 64;
// Connections that wait to be accepted: as many as the kernel lets wait, which
// cuts this to net.core.somaxconn. A SYN that finds no room comes again after 1 s
// and after 3 s.
inline constexpr int kBacklogDefault = 1 << 20;
// How long accepting pauses when the process has no descriptor or memory left.
inline constexpr Millis kAcceptPause{100};

// Datagrams -----------------------------------------------------------------

inline constexpr uint32_t kUdpSocketsMax = 64;
// The largest UDP payload over IPv4 is 65,507 bytes; over IPv6 65,527.
inline constexpr size_t kDatagramBytesMax = 65535;
inline constexpr uint32_t kDatagramBuffersDefault = 64;  // a power of two
inline constexpr uint32_t kDatagramsQueuedDefault = 1024;

// Mail ----------------------------------------------------------------------

inline constexpr uint32_t kMailboxMessagesDefault = 1024;  // a power of two
inline constexpr uint32_t kShardsMax = 256;

// DNS -----------------------------------------------------------------------

// A question may take a NAPTR, an SRV and an address lookup one after another,
// each with a lost datagram; the transaction that waits for it has 32 s.
inline constexpr Millis kDnsQuestionTimeDefault{8000};
inline constexpr Millis kDnsTryTimeDefault{1500};
inline constexpr uint32_t kDnsTriesDefault = 2;  // of each server
// Different questions are as many as home networks; the same ones are joined,
// so that a start with all phones at once is one question with many waiters.
inline constexpr uint32_t kDnsQuestionsDefault = 256;
inline constexpr uint32_t kDnsWaitersDefault = 16384;
inline constexpr uint32_t kDnsLookupsDefault = 4096;
inline constexpr uint32_t kDnsTargetsDefault = 16;
inline constexpr uint32_t kDnsRecordsDefault = 64;
inline constexpr uint32_t kDnsCacheEntriesDefault = 4096;
// A TTL of 0 is not followed to the letter: each REGISTER would be a lookup.
inline constexpr Seconds kDnsTtlMinDefault{1};
inline constexpr Seconds kDnsTtlMaxDefault{3600};
inline constexpr Seconds kDnsNegativeTtlDefault{30};
inline constexpr Seconds kDnsFailureTtlDefault{2};
// Services of the table, and NAPTR records that are followed.
inline constexpr uint32_t kDnsServicesMax = 16;
// Lookups of one question, so that a hostile zone cannot make a storm of it:
// one NAPTR, the services, and two for each of the default's targets.
inline constexpr uint32_t kDnsLookupsMax = 64;
// Ceilings of what the options may say.
inline constexpr uint32_t kDnsTargetsCeiling = 256;
inline constexpr uint32_t kDnsRecordsCeiling = 4096;
inline constexpr uint32_t kDnsServersMax = 16;

static_assert(kQueuedBytesDefault <= kQueuedBytesCeiling);
static_assert(kQueuedBytesDefault <= kSendBytesDefault);
static_assert(kStreamsDefault <= kStreamsCeiling);
static_assert((kReceiveBuffersDefault & (kReceiveBuffersDefault - 1)) == 0);
static_assert((kDatagramBuffersDefault & (kDatagramBuffersDefault - 1)) == 0);
static_assert(kReceiveBuffersDefault <= kReceiveBuffersCeiling);
static_assert(1 + kDnsServicesMax + 2 * kDnsTargetsDefault <= kDnsLookupsMax);
static_assert(kDnsTtlMinDefault <= kDnsTtlMaxDefault);

}  // namespace sallyport::net

#endif  // NET_LIMITS_H_
