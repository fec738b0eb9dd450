// Laws are what must hold in every simulated run, judged from outside: by the texts
// that pass between phones, proxy and core, read without a line of core/sip.
#ifndef TESTS_SIM_LAWS_H_
#define TESTS_SIM_LAWS_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/time.h"

namespace sallyport::sim {

// Where a text to a phone leaves, as the world knows it.
struct Leaving {
  int phone = 0;          // at the far end of the connection
  uint64_t session = 0;   // the number of its TLS session
  bool connected = false; // the phone has not left this connection
  bool asked = false;     // a response: the phone sent its request on it
};

// Every method dies with the seed, the law and the text when a law is broken. What
// it cannot know for certain (a 200 that no phone got any more) it allows.
class Laws {
 public:
  explicit Laws(uint64_t seed) : seed_(seed) {}

  // The proxy takes a text of the core in; what it does about it comes next.
  void OnFromHome(std::string_view text);
  // The proxy offers a REGISTER to entry point number `entry`. True: it is the last
  // of them that gets it.
  bool OnOffered(std::string_view text, int entry);
  // A text leaves the proxy: towards the core, towards a phone.
  void OnToHome(std::string_view text) const;
  void OnToPhone(const Leaving& leaving, std::string_view text, Instant now);
  // All shards lost their memory.
  void OnRestarted();

  uint64_t devices_moved() const { return devices_moved_; }
  uint64_t sets_removed() const { return sets_removed_; }
  uint64_t second_sets() const { return second_sets_; }

 private:
  // Of one set (a To identity) on one TLS session: numbers of answers of the core.
  struct Standing {
    uint64_t granted = 0;  // the last grant that came in
    uint64_t removed = 0;  // the last removal that a phone got
    bool MayStand() const { return granted > removed; }
  };
  // Which TLS session of a phone is the one that counts.
  struct Present {
    uint64_t session = 0;  // 0: not certain
    Instant since{};
  };

  void CheckRequest(const Leaving& leaving, std::string_view text,
                    Instant now) const;
  // Some set of the session may stand.
  bool MayStand(uint64_t session) const;
  void CheckRegister(std::string_view text) const;
  void CheckOriginating(std::string_view text) const;
  void CheckFailure(std::string_view text) const;
  void OnGranted(const Leaving& leaving, std::string_view text, Instant now);
  void OnRemoved(const Leaving& leaving, std::string_view text);

  const uint64_t seed_;
  std::map<uint64_t, int> bound_;  // by session: the phone that got a 200
  std::map<std::pair<uint64_t, int>, Standing> standing_;  // session, set
  std::map<int, Present> present_;                         // by phone
  std::map<std::string, uint32_t> offered_;  // by Call-ID and CSeq: entry points
  uint64_t devices_moved_ = 0;
  uint64_t sets_removed_ = 0;
  uint64_t second_sets_ = 0;
};

}  // namespace sallyport::sim

#endif  // TESTS_SIM_LAWS_H_
