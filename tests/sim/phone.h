// A Phone is a simulated UE: what it wants next, what it has got, what it sends. It
// does no I/O; the World does what it says.
#ifndef TESTS_SIM_PHONE_H_
#define TESTS_SIM_PHONE_H_

#include <cstdint>
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

std::string ImpiOf(int phone);      // ue7_private@ims.test
std::string ImpuOf(int phone);      // sip:ue7@ims.test
// The phone of an identity, IMPI or IMPU; -1: none.
int PhoneOf(std::string_view identity);

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
  bool registered() const { return registered_; }
  bool connected() const { return connected_; }
  // Branches of the requests sent on the present connection.
  const std::set<std::string>& branches() const { return branches_; }

  uint64_t registrations = 0;   // by a 200
  uint64_t unchallenged = 0;    // ... to a REGISTER without response
  uint64_t resumptions = 0;     // ... on a resumed connection

 private:
  enum class Want : uint8_t { kInitial, kRefresh, kAnswer, kLeave };
  std::string Register(Want want, std::string_view nonce);
  std::string Request(std::string_view method, int to);
  std::string Via();
  Commands OnResponse(const std::string& text);
  Commands OnRequest(const std::string& text);

  const int index_;
  const int phones_;
  Chance& chance_;
  bool connected_ = false;
  bool resumed_ = false;
  uint64_t session_ = 0;
  bool registered_ = false;
  bool answered_ = false;   // the REGISTER on the way carries a response
  bool leaving_ = false;
  int cseq_ = 0;
  uint64_t branch_ = 0;
  std::set<std::string> branches_;
};

}  // namespace sallyport::sim

#endif  // TESTS_SIM_PHONE_H_
