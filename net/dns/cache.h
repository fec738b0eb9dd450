// A Cache keeps answers, good and bad, for as long as they hold.
#ifndef NET_DNS_CACHE_H_
#define NET_DNS_CACHE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "absl/container/btree_set.h"
#include "absl/container/node_hash_map.h"
#include "core/base/time.h"
#include "net/dns/answer.h"

namespace sallyport::net::dns {

// Bounds:  `entries_max`; when it is full, what would end first leaves.
// Cost:    a hash and a tree of the entries; heap per entry.
class Cache {
 public:
  explicit Cache(uint32_t entries_max) : entries_max_(entries_max) {}

  // With what is left of its TTL, rounded up; nothing when it has ended.
  std::optional<Answer> Find(const Question& question, Instant now);
  // Replaces an older answer. True: one that still held had to leave.
  bool Put(const Question& question, const Answer& answer, Instant now);

  size_t size() const { return entries_.size(); }
  // Dies when the map and the order of ends disagree.
  void CheckInvariants() const;

 private:
  struct Entry {
    Answer answer;
    Instant ends;
  };
  using Entries = absl::node_hash_map<Question, Entry>;
  using End = std::pair<Instant, const Question*>;  // into the map

  void Remove(Entries::iterator entry);

  const uint32_t entries_max_;
  Entries entries_;
  absl::btree_set<End> ends_;
};

}  // namespace sallyport::net::dns

#endif  // NET_DNS_CACHE_H_
