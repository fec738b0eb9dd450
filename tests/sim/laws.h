// Laws are what must hold in every simulated run, judged from outside: by the
// texts that pass between phones, proxy and core, read without a line of
// core/sip.
#ifndef TESTS_SIM_LAWS_H_
#define TESTS_SIM_LAWS_H_

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/time.h"
#include "core/flow.h"
#include "tests/sim/phone.h"

namespace sallyport::sim {

// Where a text to a phone leaves, as the world knows it.
struct Leaving {
  int phone = 0;           // at the far end of the connection
  uint64_t session = 0;    // the number of its TLS session
  bool connected = false;  // the phone has not left this connection
  bool asked = false;      // a response: the phone sent its request on it
};

// A NOTIFY that was accepted, and ends the subscription.
struct EndedDialog {
  std::string call_id;  // empty: it ends none
  bool for_good = false;
};

// Every method dies with the seed, the law and the text when a law is broken.
// What it cannot know for certain (a 200 that no phone got any more) it allows.
class Laws {
 public:
  // `grace`: a registration outlives by it what was granted.
  Laws(uint64_t seed, Millis grace) : seed_(seed), grace_(grace) {}

  // A phone begins a TLS session with a shard; numbers count up.
  void OnSession(uint64_t session, int phone, ShardId shard);
  // A shard takes a text of the core in; what it does about it comes next.
  void OnFromHome(std::string_view text, Instant now);
  // A text leaves the proxy: towards the core, towards a phone.
  void OnToHome(std::string_view text, Instant now) const;
  void OnToPhone(const Leaving& leaving, std::string_view text, Instant now);
  // The answer of a shard to a NOTIFY leaves.
  EndedDialog OnNotifyAnswered(ShardId shard, std::string_view text,
                               Instant now);
  // All shards lost their memory.
  void OnRestarted();

  uint64_t devices_moved() const { return devices_moved_; }
  uint64_t sets_removed() const { return sets_removed_; }
  uint64_t second_sets() const { return second_sets_; }
  uint64_t news_accepted() const { return news_accepted_; }
  uint64_t ended_by_network() const { return ended_by_network_; }
  uint64_t shortened() const { return shortened_; }

 private:
  // Of one identity on one TLS session. Answers of the core have numbers, in
  // the order in which it gave them; they arrive in another one.
  struct Standing {
    uint64_t granted = 0;              // the last grant that came in
    uint64_t removed = 0;              // the last removal that a phone got
    uint64_t arrived = 0;              // when that grant came in, counted
    uint64_t ended = 0;                // when a NOTIFY ended it, likewise
    Instant expires = Instant::min();  // grace included
    bool MayStand(Instant now) const;
  };
  struct Session {
    int phone = 0;
    ShardId shard = 0;
    bool bound = false;  // the phone got a 200
    std::array<Standing, kIdentities> identities;
    bool MayStand(Instant now) const;
  };
  // Which TLS session of a phone is the one that counts.
  struct Present {
    uint64_t session = 0;  // 0: not certain
    Instant since{};
  };
  // One word of X-Ends or X-Shortens.
  struct Effect {
    int identity = 0;
    int device = 0;    // -1: all
    int seconds = -1;  // -1: it ends
  };
  // What a NOTIFY says.
  struct News {
    bool none = false;      // it must have no effect
    bool refused = false;   // ... nor be accepted
    bool accepted = false;  // once is enough
    int user = 0;
    std::vector<Effect> effects;
    EndedDialog ended;
  };

  void OnNotify(std::string_view text);
  void Apply(const Effect& effect, int user, ShardId shard, Instant now);
  void CheckRequest(const Leaving& leaving, std::string_view text,
                    Instant now) const;
  void CheckRegister(std::string_view text, Instant now) const;
  void CheckOriginating(std::string_view text, Instant now) const;
  void OnGranted(const Leaving& leaving, std::string_view text, Instant now);
  void OnRemoved(const Leaving& leaving, std::string_view text);
  const Session& At(uint64_t session) const;

  const uint64_t seed_;
  const Millis grace_;
  std::vector<Session> sessions_;                     // by number - 1
  std::map<int, std::vector<uint64_t>> sessions_of_;  // by user
  std::map<int, Present> present_;                    // by phone
  std::map<std::string, News, std::less<>> news_;     // by branch
  uint64_t arrivals_ = 0;
  uint64_t devices_moved_ = 0;
  uint64_t sets_removed_ = 0;
  uint64_t second_sets_ = 0;
  uint64_t news_accepted_ = 0;
  uint64_t ended_by_network_ = 0;
  uint64_t shortened_ = 0;
};

}  // namespace sallyport::sim

#endif  // TESTS_SIM_LAWS_H_
