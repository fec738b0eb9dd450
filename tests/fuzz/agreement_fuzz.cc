// Security-Client, Security-Verify and Security-Server, read as the naive
// reader reads them; what is stripped is gone; and the memory of challenges
// does what a plain list does.
//
// The first line of the input are steps for that memory, the rest header lines.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/endpoint.h"
#include "core/base/time.h"
#include "core/registration/security_agreement.h"
#include "core/routing/trust.h"
#include "core/sip/message.h"
#include "core/sip/splice.h"
#include "tests/fuzz/demand.h"
#include "tests/fuzz/naive_sip.h"

namespace fuzz = sallyport::fuzz;
namespace registration = sallyport::registration;
namespace routing = sallyport::routing;
namespace sip = sallyport::sip;

namespace {

using fuzz::Demand;

// ---- reading

bool Names(const std::vector<std::string>& values, std::string_view name) {
  for (const std::string& value : values) {
    for (const fuzz::NaiveParam& param :
         fuzz::NaiveParams(value, fuzz::QuotesEnd::kAtUnescapedQuote)) {
      if (param.name == name) return true;
    }
  }
  return false;
}

// Whether the value is named, as far as it can be said: where quotes or angle
// brackets, which these fields do not know, stand in odd places, two readers may part
// the value differently, and neither is right.
bool MayName(const std::vector<std::string>& values, std::string_view name) {
  for (const std::string& value : values) {
    if (value.find_first_of("<\"") == std::string::npos) continue;
    if (fuzz::NaiveLower(value).find(name) != std::string::npos) return true;
  }
  return Names(values, name);
}

// Our list and nothing else, but for case, white space around and empty rows.
bool SaysOurList(const std::vector<std::string>& values) {
  std::string all;
  for (const std::string& value : values) {
    if (!value.empty()) all += (all.empty() ? "" : ",") + value;
  }
  std::erase_if(all, [](char c) { return c == ' ' || c == '\t'; });
  return fuzz::NaiveLower(all) == "tls;q=0.9";
}

void DemandReading(const sip::MessageView& message,
                   const fuzz::NaiveMessage& naive) {
  const auto view = registration::ReadAgreement(message);
  const auto client = naive.Values("security-client");
  const auto verify = naive.Values("security-verify");
  Demand(view.client == !client.empty() && view.verify == !verify.empty());
  Demand(!view.offers_tls || MayName(client, "tls"));
  Demand(!view.verify_equal || SaysOurList(verify));
  const bool as_sent = verify.size() == 1 &&
                       message.Value(sip::HeaderId::kSecurityVerify) ==
                           registration::kSecurityServer;
  Demand(view.verify_equal || !as_sent);
  Demand(!view.required || MayName(naive.Values("require"), "sec-agree") ||
         MayName(naive.Values("proxy-require"), "sec-agree"));
  Demand(!view.supported || MayName(naive.Values("supported"), "sec-agree") ||
         MayName(naive.Values("k"), "sec-agree"));
}

void DemandStripped(const sip::MessageView& message) {
  static sip::SpliceList splices;
  splices.Reset(message.bytes());
  routing::StripFieldsFromUe(message, splices);
  if (splices.overflowed()) return;  // it would not leave
  splices.Seal();
  std::string out(splices.gathered_size(), '\0');
  splices.Gather(out.data());
  const fuzz::NaiveMessage after = fuzz::ReadNaively(out);
  for (const char* name :
       {"security-client", "security-verify", "security-server"}) {
    Demand(!after.Has(name));
  }
}

// ---- remembering

constexpr uint32_t kCapacity = 4;
constexpr sallyport::Millis kLifetime{100};

// The same by a list: oldest first.
class PlainContexts {
 public:
  void Remember(uint64_t fingerprint, sallyport::Instant now) {
    // A place is used again only when the ring comes round to it, also when
    // what stood there was remembered anew.
    std::erase_if(places_, [&](const Place& place) {
      return place.number + kCapacity <= next_;
    });
    for (Place& place : places_) {
      if (place.fingerprint == fingerprint) place.known = false;
    }
    places_.push_back({fingerprint, now, next_++, true});
    std::erase_if(places_, [&](const Place& place) {
      return place.number + kCapacity < next_;
    });
  }
  sallyport::Instant Challenged(uint64_t fingerprint,
                                sallyport::Instant now) const {
    for (const Place& place : places_) {
      if (place.known && place.fingerprint == fingerprint) {
        return now - place.when < kLifetime ? place.when : sallyport::kNever;
      }
    }
    return sallyport::kNever;
  }

 private:
  struct Place {
    uint64_t fingerprint;
    sallyport::Instant when;
    uint64_t number;
    bool known;
  };
  std::deque<Place> places_;
  uint64_t next_ = 0;
};

void DemandMemory(std::string_view steps) {
  registration::ChallengeContexts contexts(kCapacity, kLifetime);
  PlainContexts plain;
  sallyport::Instant now{};
  for (const char step : steps) {
    const auto octet = static_cast<uint8_t>(step);
    // Some share the 32 bits that the index sees.
    const uint64_t fingerprint =
        (octet & 3u) | static_cast<uint64_t>(octet >> 2 & 3u) << 32;
    now += sallyport::Millis(octet >> 4);
    if (octet & 0x80) contexts.Remember(fingerprint, now);
    if (octet & 0x80) plain.Remember(fingerprint, now);
    Demand(contexts.Challenged(fingerprint, now) ==
           plain.Challenged(fingerprint, now));
  }
}

void DemandFingerprint(std::string_view text) {
  const auto source = sallyport::IpAddress::V4({192, 0, 2, 1});
  const auto other = sallyport::IpAddress::V4({192, 0, 2, 2});
  const std::string quoted = "\"" + std::string(text) + "\"";
  const auto of = [&](std::string_view username,
                      const sallyport::IpAddress& from, uint64_t secret) {
    return registration::ChallengeFingerprint(username, "call", "tag", from,
                                              secret);
  };
  Demand(of(quoted, source, 1) == of(quoted, source, 1));
  Demand(of(quoted, source, 1) != of(quoted, other, 1));
  Demand(of(quoted, source, 1) != of(quoted, source, 2));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t line = std::min(input.find('\n'), size);
  DemandMemory(input.substr(0, line));
  DemandFingerprint(input.substr(0, line));

  static sip::MessageView message;
  std::string text = "REGISTER sip:x SIP/2.0\r\n";
  text += input.substr(std::min(line + 1, size));
  text += "\r\n\r\n";
  if (message.Scan(text) != sip::ScanVerdict::kOk) return 0;
  DemandReading(message, fuzz::ReadNaively(text));
  DemandStripped(message);
  return 0;
}
