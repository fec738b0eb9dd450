#include "core/registration/security_agreement.h"

#include "core/registration/impi.h"
#include "core/sip/octets.h"
#include "core/sip/text.h"
#include "core/sip/values.h"

namespace sallyport::registration {
namespace {

constexpr std::string_view kOptionTag = "sec-agree";

// One value of a Security-* list: a mechanism and its parameters.
// Source: RFC 3329 2.2
struct MechanismView {
  explicit MechanismView(std::string_view value) {
    const size_t semicolon = sip::FindAny<';'>(value);
    name = sip::TrimLws(sip::Front(value, semicolon));
    params = sip::Behind(value, semicolon);
  }

  std::string_view name;
  std::string_view params;  // begins at ';', or empty
};

// Every parameter of `a` stands in `b` with the same text, once.
bool ParamsWithin(std::string_view a, std::string_view b, size_t& count) {
  count = 0;
  sip::ParamCursor cursor(a);
  while (cursor.Next()) {
    const sip::Param other = sip::FindParam(b, cursor.name());
    if (!other.present || other.has_value != cursor.has_value() ||
        other.value != cursor.value()) {
      return false;
    }
    ++count;
  }
  return !cursor.malformed();
}

// `ours` is one of kSecurityServer.
bool SameMechanism(std::string_view theirs, std::string_view ours) {
  if (theirs == ours) return true;
  const MechanismView left(theirs);
  const MechanismView right(ours);
  size_t left_count = 0;
  size_t right_count = 0;
  return sip::EqualsIgnoreCase(left.name, right.name) &&
         ParamsWithin(left.params, right.params, left_count) &&
         ParamsWithin(right.params, left.params, right_count) &&
         left_count == right_count;
}

bool OffersTls(const sip::MessageView& request) {
  sip::ListCursor values(request, sip::HeaderId::kSecurityClient);
  while (values.Next()) {
    if (sip::EqualsIgnoreCase(MechanismView(values.value()).name, "tls")) {
      return true;
    }
  }
  return false;
}

// Source: RFC 3329 2.3.1: the list comes back as it was sent, mostly octet by
// octet.
bool VerifiesOurList(const sip::MessageView& request) {
  if (!request.IsRepeated(sip::HeaderId::kSecurityVerify) &&
      request.Value(sip::HeaderId::kSecurityVerify) == kSecurityServer) {
    return true;
  }
  sip::ListCursor theirs(request, sip::HeaderId::kSecurityVerify);
  sip::ListCursor ours(kSecurityServer);
  while (ours.Next()) {
    if (!theirs.Next() || !SameMechanism(theirs.value(), ours.value())) {
      return false;
    }
  }
  return !theirs.Next() && !theirs.malformed();
}

bool HasOptionTag(const sip::MessageView& request, sip::HeaderId id) {
  sip::ListCursor tags(request, id);
  while (tags.Next()) {
    if (sip::EqualsIgnoreCase(tags.value(), kOptionTag)) return true;
  }
  return false;
}

}  // namespace

AgreementView ReadAgreement(const sip::MessageView& request) {
  AgreementView view;
  view.client = request.Has(sip::HeaderId::kSecurityClient);
  view.offers_tls = view.client && OffersTls(request);
  view.verify = request.Has(sip::HeaderId::kSecurityVerify);
  view.verify_equal = view.verify && VerifiesOurList(request);
  view.required = HasOptionTag(request, sip::HeaderId::kRequire) ||
                  HasOptionTag(request, sip::HeaderId::kProxyRequire);
  view.supported = HasOptionTag(request, sip::HeaderId::kSupported);
  return view;
}

uint64_t ChallengeFingerprint(std::string_view username_param,
                              std::string_view call_id,
                              std::string_view from_tag,
                              const IpAddress& source, uint64_t secret) {
  const std::string_view octets(reinterpret_cast<const char*>(source.octets()),
                                source.size());
  const std::string_view seed(reinterpret_cast<const char*>(&secret),
                              sizeof(secret));
  return Fingerprint()
      .Add(seed)
      .AddImpi(UnquotedText(username_param).view())
      .Add(call_id)
      .Add(from_tag)
      .Add(octets)
      .Take();
}

ChallengeContexts::ChallengeContexts(uint32_t capacity, Millis lifetime)
    : lifetime_(lifetime), ring_(capacity), index_(capacity) {}

void ChallengeContexts::Remember(uint64_t fingerprint, Instant now) {
  if (ring_.empty()) return;
  const uint32_t known = Find(fingerprint);
  if (known != SlotHandle::kNoSlot) Forget(known);
  Context& oldest = ring_[next_];
  if (oldest.indexed) Forget(next_);

  oldest.fingerprint = fingerprint;
  oldest.challenged = now;
  oldest.indexed = true;
  index_.Insert(
      next_, static_cast<uint32_t>(fingerprint),
      [this](uint32_t slot) -> SlotIndex::Link& { return ring_[slot].link; });
  next_ = next_ + 1 == ring_.size() ? 0 : next_ + 1;
}

Instant ChallengeContexts::Challenged(uint64_t fingerprint, Instant now) const {
  const uint32_t slot = Find(fingerprint);
  if (slot == SlotHandle::kNoSlot) return kNever;
  const Instant challenged = ring_[slot].challenged;
  return now - challenged < lifetime_ ? challenged : kNever;
}

uint32_t ChallengeContexts::Find(uint64_t fingerprint) const {
  const auto link_of = [this](uint32_t slot) -> const SlotIndex::Link& {
    return ring_[slot].link;
  };
  uint32_t slot = index_.First(static_cast<uint32_t>(fingerprint), link_of);
  while (slot != SlotHandle::kNoSlot &&
         ring_[slot].fingerprint != fingerprint) {
    slot = index_.Next(slot, link_of);
  }
  return slot;
}

void ChallengeContexts::Forget(uint32_t slot) {
  index_.Remove(slot, [this](uint32_t other) -> SlotIndex::Link& {
    return ring_[other].link;
  });
  ring_[slot].indexed = false;
}

}  // namespace sallyport::registration
