// A Notifier is the part of the simulated home network that takes subscriptions
// to registration state (RFC 3680) and ends registrations by itself. Its
// documents are full or partial, late, lost, repeated, old or no documents at
// all; its dialogs end for every reason.
//
// Each NOTIFY says in rows of its own what it means, so that the laws can judge
// its effect without reading the document:
//   X-Kind: news | void     a void one must change nothing, whatever answers it
//   X-Refused: 1            nor must it be accepted
//   X-User: N
//   X-Ends: IDENTITY:DEVICE             it is not registered any more; `*`: on
//   none X-Shortens: IDENTITY:DEVICE:SECONDS X-Done: 1               it ends
//   the subscription for good
#ifndef TESTS_SIM_NOTIFIER_H_
#define TESTS_SIM_NOTIFIER_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/time.h"
#include "core/flow.h"
#include "tests/sim/bindings.h"
#include "tests/sim/chance.h"

namespace sallyport::sim {

// Something the core sends: an answer along the flow that brought the request,
// or a request of its own by any shard (`flow` invalid).
struct HomeMessage {
  FlowId flow;
  std::string text;
  Millis delay{0};
};

class Notifier {
 public:
  using Messages = std::vector<HomeMessage>;

  // `chance` and `bindings` outlive it. `contact`: where its dialogs are
  // reached.
  Notifier(Chance& chance, Bindings& bindings, std::string contact)
      : chance_(chance), bindings_(bindings), contact_(std::move(contact)) {}

  // `generous`: it grants all the time that is asked for.
  Messages OnSubscribe(FlowId flow, const std::string& text, Instant now,
                       bool generous);
  // To a NOTIFY.
  void OnResponse(const std::string& text);
  // The UE itself registered, or left, with this identity on this device.
  Messages OnRegistered(const BindingKey& key, Instant now);
  Messages OnLeft(const BindingKey& key, Instant now);
  // The network does something to somebody.
  Messages Administer(Instant now);

  uint64_t subscribed() const { return subscribed_; }
  uint64_t ended() const { return ended_; }

 private:
  struct Dialog {
    int user = 0;
    std::string watched;  // the identity of the SUBSCRIBE
    std::string target;   // where NOTIFYs go
    std::string from;     // the subscriber's From
    std::string tag;      // ours
    Instant expires;
    uint32_t cseq = 0;
    uint32_t version = 0;       // of the last document
    uint32_t acknowledged = 0;  // of the last one that was answered 200
  };
  using Dialogs = std::map<std::string, Dialog, std::less<>>;  // by Call-ID

  // One contact of a document.
  struct Contact {
    int device = 0;
    bool active = true;
    std::string_view event = "registered";
    int expires_s = 600;
  };
  // One registration of a document, and what a document means.
  struct Registration {
    int set = 0;
    std::string_view state = "active";
    std::vector<Contact> contacts;
  };
  struct Meaning {
    std::string ends;
    std::string shortens;
  };
  struct Document {
    std::string text;  // "": none
    uint32_t version = 0;
    Meaning meaning;
  };
  // What a NOTIFY says beside its document.
  struct Saying {
    std::string_view kind = "news";
    bool refused = false;  // nobody can accept it
    std::string state;     // the value of Subscription-State
    bool done = false;
    std::string_view event = "reg";
    std::string_view type = "application/reginfo+xml";
    std::string_view tag = {};  // in the place of the subscriber's; "": that
  };
  struct Sent {
    std::string call_id;
    uint32_t version = 0;
  };

  Messages Accept(FlowId flow, const std::string& text, Instant now,
                  bool generous);
  Messages Refuse(FlowId flow, const std::string& text);
  // What is registered, as a full document says it.
  std::vector<Registration> StateOf(int user, Instant now) const;
  Document WriteState(Dialog& dialog, const std::vector<Registration>& news,
                      Instant now);
  Document WriteNews(Dialog& dialog, const std::vector<Registration>& news,
                     Instant now);
  static Document WriteOld(const Dialog& dialog);
  static Document Write(int user, std::string_view state, uint32_t version,
                        const std::vector<Registration>& registrations,
                        bool with_number);
  static void AppendRegistration(int user, const Registration& registration,
                                 bool with_number, Document& document);

  // To all who watch the user. `end`: a reason, and the dialogs end with it.
  Messages Tell(int user, const std::vector<Registration>& news, Instant now,
                std::string_view end = {});
  void Notify(const std::string& call_id, Dialog& dialog,
              const Document& document, const Saying& saying, Messages& out);
  void Send(std::string text, Messages& out);

  // Deeds of the network.
  Messages EndContact(const BindingKey& key, Instant now);
  Messages EndIdentity(const BindingKey& key, Instant now);
  Messages EndUser(int user, Instant now);
  Messages Adjust(const BindingKey& key, Instant now);
  Messages EndDialog(Dialogs::iterator at, Instant now);
  Messages SayVoid(Dialogs::iterator at, Instant now);
  void Unbind(const BindingKey& key);
  Millis Delay();

  Chance& chance_;
  Bindings& bindings_;
  const std::string contact_;
  Dialogs dialogs_;
  std::map<std::string, Sent, std::less<>> sent_;  // by branch
  uint64_t next_ = 0;
  uint64_t subscribed_ = 0;
  uint64_t ended_ = 0;
};

}  // namespace sallyport::sim

#endif  // TESTS_SIM_NOTIFIER_H_
