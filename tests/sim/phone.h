// A Phone is a simulated UE: what it wants next, what it has got, what it sends. It
// does no I/O; the World does what it says.
#ifndef TESTS_SIM_PHONE_H_
#define TESTS_SIM_PHONE_H_

#include <array>
#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/time.h"
#include "tests/sim/chance.h"

namespace sallyport::sim {

struct PhoneCommand {
  enum class Kind : uint8_t { kSend, kConnect, kLose };
  Kind kind = Kind::kSend;
  std::string text;
};

// Of eight phones the first four are one user's, the next two another's; the last
// two have a user each. A user has two public identities (sets), registered one by
// one, and a telephone number in the first set.
constexpr int kSetsMax = 2;
int UserOf(int phone);
std::string ImpiOf(int user);              // ue7_private@ims.test
std::string ImpuOf(int user, int set = 0); // sip:ue7@ims.test, sip:ue7-b@ims.test
std::string TelOf(int user);               // tel:+15551007
// The user of an identity, IMPI or IMPU, alone or in a value; -1: none.
int UserIn(std::string_view text);
int SetOf(std::string_view identity);
// An identity of a user: 0 and 1 are the sets' SIP URIs, 2 is the number.
constexpr int kIdentities = 3;
int IdentityIn(std::string_view text);
// What a phone registers.
std::string ContactOf(int user, int phone);
std::string InstanceOf(int phone);

class Phone {
 public:
  using Commands = std::vector<PhoneCommand>;

  Phone(int index, int phones, Chance& chance);

  // It is time for something: a refresh, a message, a lost connection.
  Commands Act(bool ending);
  // `session`: the number of the TLS session, told to whoever judges a REGISTER.
  Commands OnConnected(uint64_t session, bool resumed);
  void OnDisconnected();
  Commands OnMessage(const std::string& text);

  int index() const { return index_; }
  int user() const { return user_; }
  bool connected() const { return connected_; }
  // Branches of the requests sent on the present connection.
  const std::set<std::string, std::less<>>& branches() const {
    return branches_;
  }

  uint64_t registrations = 0;   // by a 200
  uint64_t unchallenged = 0;    // ... to a REGISTER without response
  uint64_t resumptions = 0;     // ... on a resumed connection

 private:
  enum class Want : uint8_t { kStay, kLeave };
  // What it knows of one of its identities.
  struct Set {
    bool registered = false;
    bool answered = false;  // the REGISTER on the way carries a response
    bool leaving = false;
  };
  Commands Talk();
  PhoneCommand Register(int set, Want want, std::string_view nonce = {});
  std::string Preferred();
  std::string Request(std::string_view method, int to);
  std::string Via();
  Commands OnResponse(const std::string& text);
  Commands OnRequest(const std::string& text);

  const int index_;
  const int user_;
  const int phones_;
  Chance& chance_;
  bool connected_ = false;
  bool resumed_ = false;
  uint64_t session_ = 0;
  std::array<Set, kSetsMax> sets_;
  int cseq_ = 0;
  uint64_t branch_ = 0;
  std::set<std::string, std::less<>> branches_;
};

}  // namespace sallyport::sim

#endif  // TESTS_SIM_PHONE_H_
