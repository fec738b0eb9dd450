#include "tests/sim/notifier.h"

#include <algorithm>
#include <chrono>
#include <iterator>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "tests/sim/phone.h"
#include "tests/sim/text.h"

namespace sallyport::sim {
namespace {

constexpr std::string_view kTag = "far-end";  // as ResponseTo() writes it
constexpr std::string_view kEnds[] = {"deactivated", "rejected", "expired",
                                      "unregistered", "probation"};
constexpr int kStranger = 9999;  // a device that nobody has

std::string ActiveFor(Instant expires, Instant now) {
  const auto left = std::chrono::duration_cast<Seconds>(expires - now).count();
  return absl::StrCat("active;expires=", std::max<int64_t>(left, 0));
}

void AppendContact(int user, std::string_view event, bool active, int device,
                   int expires_s, bool with_instance, std::string& text) {
  absl::StrAppend(&text, "<contact id=\"c", device, "\" state=\"",
                  active ? "active" : "terminated", "\" event=\"", event, "\"");
  if (active) absl::StrAppend(&text, " expires=\"", expires_s, "\"");
  absl::StrAppend(&text, "><uri>", ContactOf(user, device), "</uri>");
  if (with_instance) {
    absl::StrAppend(&text, "<unknown-param name=\"+sip.instance\">\"&lt;",
                    InstanceOf(device), "&gt;\"</unknown-param>");
  }
  absl::StrAppend(&text, "</contact>\r\n");
}

}  // namespace

// ---- subscriptions

Notifier::Messages Notifier::OnSubscribe(FlowId flow, const std::string& text,
                                         Instant now, bool generous) {
  if (!generous && chance_.OneIn(20)) return {};  // it says nothing at all
  if (!generous && chance_.OneIn(15)) return Refuse(flow, text);
  const std::string_view call_id = RowIn(text, "Call-ID");
  const bool known = dialogs_.contains(call_id);
  const bool begins = !Contains(RowIn(text, "To"), ";tag=");
  if (!known && !begins) return {{flow, ResponseTo(text, 481), Delay()}};
  return Accept(flow, text, now, generous);
}

Notifier::Messages Notifier::Refuse(FlowId flow, const std::string& text) {
  constexpr int kCodes[] = {403, 404, 408, 480, 489, 500, 503, 504};
  const int code = kCodes[chance_.Below(std::size(kCodes))];
  return {{flow,
           ResponseTo(text, code, code == 503 ? "Retry-After: 3\r\n" : ""),
           Delay()}};
}

// Whichever comes first, the 200 or the NOTIFY, begins the dialog.
Notifier::Messages Notifier::Accept(FlowId flow, const std::string& text,
                                    Instant now, bool generous) {
  std::string call_id(RowIn(text, "Call-ID"));
  Dialog& dialog = dialogs_[call_id];
  if (dialog.watched.empty()) {
    ++subscribed_;
    dialog.watched = InBrackets(RowIn(text, "To"));
    dialog.user = UserIn(dialog.watched);
  }
  dialog.target = InBrackets(RowIn(text, "Contact"));
  dialog.from = RowIn(text, "From");
  int expires = 0;
  (void)absl::SimpleAtoi(RowIn(text, "Expires"), &expires);
  if (!generous && expires > 0 && chance_.OneIn(5)) {
    expires = 10 + static_cast<int>(chance_.Below(50));
  }
  dialog.expires = now + Seconds(expires);
  Messages out = {
      {flow,
       ResponseTo(text, 200,
                  absl::StrCat("Expires: ", expires, "\r\nContact: <", contact_,
                               ">\r\n")),
       Delay()}};
  const bool ends = expires == 0;
  Notify(call_id, dialog, WriteState(dialog, {}, now),
         {.state = ends ? "terminated;reason=timeout"
                        : ActiveFor(dialog.expires, now)},
         out);
  if (ends) dialogs_.erase(call_id);
  return out;
}

// Source: RFC 6665 4.2.2: who does not know it any more is told nothing more.
void Notifier::OnResponse(const std::string& text) {
  const auto sent = sent_.find(TopBranch(text));
  if (sent == sent_.end()) return;
  const auto dialog = dialogs_.find(sent->second.call_id);
  if (dialog != dialogs_.end()) {
    if (StatusOf(text) == 200) {
      uint32_t& acknowledged = dialog->second.acknowledged;
      acknowledged = std::max(acknowledged, sent->second.version);
    } else if (StatusOf(text) == 481) {
      dialogs_.erase(dialog);
    }
  }
  sent_.erase(sent);
}

// ---- documents

std::vector<Notifier::Registration> Notifier::StateOf(int user,
                                                      Instant now) const {
  std::vector<Registration> state;
  for (int set = 0; set < kSetsMax; ++set) {
    Registration one{.set = set, .state = "init", .contacts = {}};
    const std::string impu = ImpuOf(user, set);
    auto ended = bindings_.ended.lower_bound({impu, 0});
    for (; ended != bindings_.ended.end() && ended->first == impu; ++ended) {
      one.state = "terminated";
      one.contacts.push_back(
          {.device = ended->second, .active = false, .event = "deactivated"});
    }
    auto bound = bindings_.bound.lower_bound({impu, 0});
    for (; bound != bindings_.bound.end() && bound->first.first == impu;
         ++bound) {
      if (bound->second.expires <= now) continue;
      one.state = "active";
      one.contacts.push_back({.device = bound->first.second});
    }
    state.push_back(std::move(one));
  }
  return state;
}

// A full document says all, with the news in their places.
Notifier::Document Notifier::WriteState(Dialog& dialog,
                                        const std::vector<Registration>& news,
                                        Instant now) {
  std::vector<Registration> state = StateOf(dialog.user, now);
  for (const Registration& one : news) {
    state[static_cast<size_t>(one.set)] = one;
  }
  return Write(dialog.user, "full", ++dialog.version, state, true);
}

Notifier::Document Notifier::WriteNews(Dialog& dialog,
                                       const std::vector<Registration>& news,
                                       Instant now) {
  if (chance_.OneIn(2)) return WriteState(dialog, news, now);
  return Write(dialog.user, "partial", ++dialog.version, news,
               !chance_.OneIn(5));
}

// `with_number`: the telephone number goes with its set.
Notifier::Document Notifier::Write(
    int user, std::string_view state, uint32_t version,
    const std::vector<Registration>& registrations, bool with_number) {
  Document document{.text = {}, .version = version, .meaning = {}};
  document.text = absl::StrCat(
      "<?xml version=\"1.0\"?>\r\n<reginfo "
      "xmlns=\"urn:ietf:params:xml:ns:reginfo\" version=\"",
      version, "\" state=\"", state, "\">\r\n");
  for (const Registration& one : registrations) {
    AppendRegistration(user, one, with_number, document);
  }
  document.text += "</reginfo>\r\n";
  return document;
}

// It would end everything, if it were not old.
Notifier::Document Notifier::WriteOld(const Dialog& dialog) {
  return Write(dialog.user, "full", dialog.acknowledged,
               {{.set = 0, .state = "terminated", .contacts = {}},
                {.set = 1, .state = "terminated", .contacts = {}}},
               true);
}

void Notifier::AppendRegistration(int user, const Registration& registration,
                                  bool with_number, Document& document) {
  const int identities = registration.set == 0 && with_number ? 2 : 1;
  for (int i = 0; i < identities; ++i) {
    const std::string identity =
        i == 0 ? ImpuOf(user, registration.set) : TelOf(user);
    const int number = IdentityIn(identity);
    absl::StrAppend(&document.text, "<registration aor=\"", identity,
                    "\" id=\"r", number, "\" state=\"", registration.state,
                    "\">\r\n");
    if (registration.state == "terminated") {
      absl::StrAppend(&document.meaning.ends, " ", number, ":*");
    }
    for (const Contact& contact : registration.contacts) {
      AppendContact(user, contact.event, contact.active, contact.device,
                    contact.expires_s, contact.device % 3 != 0, document.text);
      if (!contact.active && contact.device != kStranger) {
        absl::StrAppend(&document.meaning.ends, " ", number, ":",
                        contact.device);
      } else if (contact.event == "shortened") {
        absl::StrAppend(&document.meaning.shortens, " ", number, ":",
                        contact.device, ":", contact.expires_s);
      }
    }
    document.text += "</registration>\r\n";
  }
}

// ---- NOTIFYs

Notifier::Messages Notifier::Tell(int user,
                                  const std::vector<Registration>& news,
                                  Instant now, std::string_view end) {
  Messages out;
  for (auto at = dialogs_.begin(); at != dialogs_.end();) {
    Dialog& dialog = at->second;
    if (dialog.expires <= now) {
      at = dialogs_.erase(at);
      continue;
    }
    const auto here = at++;
    if (dialog.user != user) continue;
    Notify(here->first, dialog, WriteNews(dialog, news, now),
           {.state = end.empty() ? ActiveFor(dialog.expires, now)
                                 : absl::StrCat("terminated;reason=", end),
            .done = end == "noresource"},
           out);
    if (!end.empty()) dialogs_.erase(here);
  }
  return out;
}

void Notifier::Notify(const std::string& call_id, Dialog& dialog,
                      const Document& document, const Saying& saying,
                      Messages& out) {
  const std::string branch = absl::StrCat("z9hG4bKnotify-", ++next_);
  // That of a stranger ends no dialog.
  sent_[branch] = {saying.tag.empty() ? call_id : "", document.version};
  std::string to = dialog.from;
  if (!saying.tag.empty()) {
    to = absl::StrCat(to.substr(0, to.find(";tag=")), ";tag=", saying.tag);
  }
  const Meaning& meaning = document.meaning;
  Send(
      absl::StrCat(
          "NOTIFY ", dialog.target,
          " SIP/2.0\r\nVia: SIP/2.0/TCP 192.0.2.30:5060;branch=", branch,
          "\r\nMax-Forwards: 70\r\nFrom: <", dialog.watched, ">;tag=", kTag,
          "\r\nTo: ", to, "\r\nCall-ID: ", call_id, "\r\nCSeq: ", ++dialog.cseq,
          " NOTIFY\r\nContact: <", contact_, ">\r\nEvent: ", saying.event,
          "\r\nSubscription-State: ", saying.state, "\r\nX-Kind: ", saying.kind,
          saying.refused ? "\r\nX-Refused: 1" : "", "\r\nX-User: ", dialog.user,
          meaning.ends.empty() ? "" : "\r\nX-Ends:", meaning.ends,
          meaning.shortens.empty() ? "" : "\r\nX-Shortens:", meaning.shortens,
          saying.done ? "\r\nX-Done: 1" : "", "\r\nContent-Type: ", saying.type,
          "\r\nContent-Length: ", document.text.size(), "\r\n\r\n",
          document.text),
      out);
}

// Lost, late or twice, now and then.
void Notifier::Send(std::string text, Messages& out) {
  if (chance_.OneIn(20)) return;
  const bool twice = chance_.OneIn(15);
  if (twice) out.push_back({FlowId{}, text, Delay()});
  out.push_back({FlowId{}, std::move(text), Delay()});
}

Millis Notifier::Delay() {
  return chance_.OneIn(20) ? chance_.Between(500, 5000)
                           : chance_.Between(1, 20);
}

Notifier::Messages Notifier::OnRegistered(const BindingKey& key, Instant now) {
  bindings_.ended.erase(key);
  if (!chance_.OneIn(8)) return {};
  return Tell(UserIn(key.first),
              {{.set = SetOf(key.first),
                .contacts = {{.device = key.second, .event = "refreshed"}}}},
              now);
}

Notifier::Messages Notifier::OnLeft(const BindingKey& key, Instant now) {
  if (!chance_.OneIn(3)) return {};
  return Tell(UserIn(key.first),
              {{.set = SetOf(key.first),
                .contacts = {{.device = key.second,
                              .active = false,
                              .event = "unregistered"}}}},
              now);
}

// ---- deeds of the network

Notifier::Messages Notifier::Administer(Instant now) {
  if (dialogs_.empty() || bindings_.bound.empty()) return {};
  const auto dialog = std::next(
      dialogs_.begin(), static_cast<ptrdiff_t>(chance_.Below(dialogs_.size())));
  const BindingKey key =
      std::next(bindings_.bound.begin(),
                static_cast<ptrdiff_t>(chance_.Below(bindings_.bound.size())))
          ->first;
  switch (chance_.Below(12)) {
    case 0:
    case 1:
    case 2:
      return EndContact(key, now);
    case 3:
      return EndIdentity(key, now);
    case 4:
      return EndUser(UserIn(key.first), now);
    case 5:
    case 6:
    case 7:
      return Adjust(key, now);
    case 8:
      return EndDialog(dialog, now);
    default:
      return SayVoid(dialog, now);
  }
}

void Notifier::Unbind(const BindingKey& key) {
  bindings_.bound.erase(key);
  bindings_.ended.insert(key);
  ++ended_;
}

Notifier::Messages Notifier::EndContact(const BindingKey& key, Instant now) {
  Unbind(key);
  return Tell(
      UserIn(key.first),
      {{.set = SetOf(key.first),
        .contacts = {{.device = key.second,
                      .active = false,
                      .event = kEnds[chance_.Below(std::size(kEnds))]}}}},
      now);
}

Notifier::Messages Notifier::EndIdentity(const BindingKey& key, Instant now) {
  Registration news{
      .set = SetOf(key.first), .state = "terminated", .contacts = {}};
  auto at = bindings_.bound.lower_bound({key.first, 0});
  while (at != bindings_.bound.end() && at->first.first == key.first) {
    const BindingKey one = at++->first;
    news.contacts.push_back(
        {.device = one.second, .active = false, .event = "deactivated"});
    Unbind(one);
  }
  return Tell(UserIn(key.first), {news}, now);
}

Notifier::Messages Notifier::EndUser(int user, Instant now) {
  std::vector<Registration> news;
  for (int set = 0; set < kSetsMax; ++set) {
    news.push_back({.set = set, .state = "terminated", .contacts = {}});
    const std::string impu = ImpuOf(user, set);
    auto at = bindings_.bound.lower_bound({impu, 0});
    while (at != bindings_.bound.end() && at->first.first == impu) {
      const BindingKey one = at++->first;
      Unbind(one);
    }
  }
  return Tell(user, news, now, chance_.OneIn(2) ? "noresource" : "");
}

// Less time, which counts, or more, which does not.
Notifier::Messages Notifier::Adjust(const BindingKey& key, Instant now) {
  const bool less = !chance_.OneIn(3);
  const int expires_s = less ? 1 + static_cast<int>(chance_.Below(30)) : 7200;
  Binding& binding = bindings_.bound.at(key);
  binding.expires = now + Seconds(expires_s);
  return Tell(UserIn(key.first),
              {{.set = SetOf(key.first),
                .contacts = {{.device = key.second,
                              .event = less ? "shortened" : "refreshed",
                              .expires_s = expires_s}}}},
              now);
}

Notifier::Messages Notifier::EndDialog(Dialogs::iterator at, Instant now) {
  constexpr std::string_view kReasons[] = {
      "deactivated", "timeout",  "probation;retry-after=2",
      "giveup",      "rejected", "noresource"};
  const std::string_view reason = kReasons[chance_.Below(std::size(kReasons))];
  Messages out;
  Dialog& dialog = at->second;
  const bool silent = chance_.OneIn(2);
  Notify(at->first, dialog, silent ? Document{} : WriteState(dialog, {}, now),
         {.state = absl::StrCat("terminated;reason=", reason),
          .done = reason == "rejected" || reason == "noresource"},
         out);
  dialogs_.erase(at);
  return out;
}

// What must be refused, or must have no effect.
Notifier::Messages Notifier::SayVoid(Dialogs::iterator at, Instant now) {
  Messages out;
  Dialog& dialog = at->second;
  Saying saying{.kind = "void", .state = ActiveFor(dialog.expires, now)};
  Document document;
  const uint64_t fault = chance_.Below(7);
  saying.refused = fault < 5;
  switch (fault) {
    case 0:  // no document at all
      document.text = "<reginfo version=\"9999\" state=\"full\"><registration";
      break;
    case 1:
      document = WriteState(dialog, {}, now);
      saying.event = "presence";
      break;
    case 2:
      document = WriteState(dialog, {}, now);
      saying.type = "text/plain";
      break;
    case 3:
      saying.state = ";;";
      break;
    case 4:  // of somebody else's dialog
      document = WriteState(dialog, {}, now);
      saying.tag = "0123456789abcdef";
      break;
    case 5:  // a contact that no phone has
      document = Write(dialog.user, "partial", ++dialog.version,
                       {{.set = 0,
                         .contacts = {{.device = kStranger,
                                       .active = false,
                                       .event = "deactivated"}}}},
                       true);
      break;
    default:
      if (dialog.acknowledged == 0) return {};
      document = WriteOld(dialog);
  }
  document.meaning = {};
  Notify(at->first, dialog, document, saying, out);
  return out;
}

}  // namespace sallyport::sim
