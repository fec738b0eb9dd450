#include "net/dns/cache.h"

#include <chrono>

#include "absl/log/check.h"

namespace sallyport::net::dns {

std::optional<Answer> Cache::Find(const Question& question, Instant now) {
  const auto entry = entries_.find(question);
  if (entry == entries_.end()) return std::nullopt;
  if (entry->second.ends <= now) {
    Remove(entry);
    return std::nullopt;
  }
  Answer answer = entry->second.answer;
  answer.ttl = std::chrono::ceil<Seconds>(entry->second.ends - now);
  return answer;
}

bool Cache::Put(const Question& question, const Answer& answer, Instant now) {
  if (entries_max_ == 0 || answer.ttl <= Seconds(0)) return false;
  if (const auto old = entries_.find(question); old != entries_.end()) {
    Remove(old);
  }
  bool evicted = false;
  if (entries_.size() == entries_max_) {
    const End first = *ends_.begin();
    evicted = first.first > now;
    Remove(entries_.find(*first.second));
  }
  const Instant ends = now + answer.ttl;
  const auto entry = entries_.emplace(question, Entry{answer, ends}).first;
  ends_.insert({ends, &entry->first});
  return evicted;
}

void Cache::CheckInvariants() const {
  CHECK_EQ(entries_.size(), ends_.size());
  CHECK(entries_.size() <= entries_max_);
  for (const auto& [question, entry] : entries_) {
    CHECK(ends_.contains({entry.ends, &question}));
  }
}

void Cache::Remove(Entries::iterator entry) {
  ends_.erase({entry->second.ends, &entry->first});
  entries_.erase(entry);
}

}  // namespace sallyport::net::dns
