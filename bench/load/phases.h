// The phases of a run, in the order in which the command line names them.
#ifndef BENCH_LOAD_PHASES_H_
#define BENCH_LOAD_PHASES_H_

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace sallyport::load {

// What one UE does when it is its turn.
enum class Work : uint8_t {
  kHandshake,           // connect, full handshake, close
  kHandshakeResumed,    // the same with a ticket
  kVisit,               // connect, REGISTER, 401, REGISTER, 200, close
  kVisitResumed,        // the same with a ticket
  kRegister,            // connect, REGISTER, 401, REGISTER, 200
  kReturn,              // connect with a ticket, REGISTER, 200
  kReregister,          // REGISTER, 200
  kReregisterAnswered,  // the same with a challenge response
  kPing,                // CRLF CRLF, CRLF: what keeps a NAT open
  kMessage,             // a MESSAGE from the home core, 200 back
};
inline constexpr size_t kWorkCount = 10;

// What a piece of work is made of.
struct Steps {
  bool connects;
  bool resumes;
  bool registers;
  bool leaves;
};
constexpr Steps StepsOf(Work work) {
  switch (work) {
    case Work::kHandshake:
      return {true, false, false, true};
    case Work::kHandshakeResumed:
      return {true, true, false, true};
    case Work::kVisit:
      return {true, false, true, true};
    case Work::kVisitResumed:
      return {true, true, true, true};
    case Work::kRegister:
      return {true, false, true, false};
    case Work::kReturn:
      return {true, true, true, false};
    case Work::kReregister:
    case Work::kReregisterAnswered:
      return {false, false, true, false};
    case Work::kPing:
    case Work::kMessage:
      return {false, false, false, false};
  }
  return {};
}

struct PhaseSpec {
  enum class Kind : uint8_t {
    kWork,     // by the UEs
    kDay,      // the same, drawn from a mix for each piece
    kMessage,  // by the home core: a MESSAGE to a UE, 200 back
    kIdle,     // nobody says anything
    kLeave,    // all UEs close
  };
  std::string_view name;  // static
  Kind kind = Kind::kWork;
  Work work = Work::kRegister;
  double rate = 0;  // pieces per second; 0: a closed loop

  // Each UE has its turn once, however long that takes.
  bool once() const {
    return kind == Kind::kWork &&
           (work == Work::kRegister || work == Work::kReturn);
  }
  // Every piece makes a connection.
  bool connects() const {
    return kind == Kind::kWork && StepsOf(work).connects;
  }
};

// `list`: NAME or NAME@RATE, parted by commas.
// Fails:  an unknown name, a rate that is none, a phase for UEs that are away
//         where they are registered, or the other way round.
absl::StatusOr<std::vector<PhaseSpec>> ParsePhases(std::string_view list);

}  // namespace sallyport::load

#endif  // BENCH_LOAD_PHASES_H_
