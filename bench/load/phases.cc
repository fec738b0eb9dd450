#include "bench/load/phases.h"

#include <array>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace sallyport::load {
namespace {

using Kind = PhaseSpec::Kind;

constexpr double kRateMax = 1e6;

// Where the UEs must be before a phase, and where they are behind it.
enum class Place : uint8_t { kAway, kRegistered };

struct Known {
  PhaseSpec spec;
  Place before, after;
};
constexpr std::array kKnown = {
    Known{{"handshake", Kind::kWork, Work::kHandshake},
          Place::kAway,
          Place::kAway},
    Known{{"handshake_resumed", Kind::kWork, Work::kHandshakeResumed},
          Place::kAway,
          Place::kAway},
    Known{{"visit", Kind::kWork, Work::kVisit}, Place::kAway, Place::kAway},
    Known{{"visit_resumed", Kind::kWork, Work::kVisitResumed},
          Place::kAway,
          Place::kAway},
    Known{{"register", Kind::kWork, Work::kRegister},
          Place::kAway,
          Place::kRegistered},
    Known{{"return", Kind::kWork, Work::kReturn},
          Place::kAway,
          Place::kRegistered},
    Known{{"reregister", Kind::kWork, Work::kReregister},
          Place::kRegistered,
          Place::kRegistered},
    Known{{"ping", Kind::kWork, Work::kPing},
          Place::kRegistered,
          Place::kRegistered},
    Known{{"day", Kind::kDay}, Place::kRegistered, Place::kRegistered},
    Known{{"message", Kind::kMessage}, Place::kRegistered, Place::kRegistered},
    Known{{"idle", Kind::kIdle}, Place::kRegistered, Place::kRegistered},
    Known{{"leave", Kind::kLeave}, Place::kRegistered, Place::kAway},
};

absl::Status Wrong(std::string_view item, std::string_view why) {
  return absl::InvalidArgumentError(
      absl::StrCat("--phases: `", item, "` ", why));
}

const Known* Find(std::string_view name) {
  for (const Known& known : kKnown) {
    if (known.spec.name == name) return &known;
  }
  return nullptr;
}

absl::Status ReadRate(std::string_view item, std::string_view text,
                      PhaseSpec& spec) {
  if (spec.kind != Kind::kWork && spec.kind != Kind::kDay) {
    return Wrong(item, "has no rate");
  }
  if (!absl::SimpleAtod(text, &spec.rate) ||
      !(spec.rate > 0 && spec.rate <= kRateMax)) {
    return Wrong(item, "has no rate between 0 and 1000000");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<PhaseSpec>> ParsePhases(std::string_view list) {
  std::vector<PhaseSpec> phases;
  Place place = Place::kAway;
  for (std::string_view item : absl::StrSplit(list, ',')) {
    const size_t at = item.find('@');
    const Known* known = Find(item.substr(0, at));
    if (known == nullptr) return Wrong(item, "is no phase (see --help)");
    if (known->before != place) {
      return Wrong(item, place == Place::kAway
                             ? "needs registered UEs; begin with register"
                             : "needs UEs that are away; put leave before it");
    }
    place = known->after;
    phases.push_back(known->spec);
    if (at == std::string_view::npos) continue;
    const absl::Status status =
        ReadRate(item, item.substr(at + 1), phases.back());
    if (!status.ok()) return status;
  }
  return phases;
}

}  // namespace sallyport::load
