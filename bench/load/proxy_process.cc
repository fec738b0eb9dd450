#include "bench/load/proxy_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <optional>
#include <string_view>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "bench/load/clock.h"

namespace sallyport::load {
namespace {

constexpr int kReadyMillis = 30'000;
constexpr Nanos kEndTime = 30 * kSecond;

std::vector<std::string> Flags(const ProxyProcess::Start& start,
                               const std::string& folder) {
  std::vector<std::string> flags = {
      start.program,
      "--tls_listen=127.0.0.1:0",
      "--sip_listen=127.0.0.1:0",
      "--core_listen=127.0.0.1:0",
      "--admin_listen=127.0.0.1:0",
      "--reg_event=off",  // this home core has no notifier
      "--domain=edge.load.test",
      absl::StrCat("--home_core=sip:", start.home_core.ToString(),
                   ";transport=tcp"),
      absl::StrCat("--shards=", start.shards),
      absl::StrCat("--state_directory=", folder),
  };
  flags.insert(flags.end(), start.more_flags.begin(), start.more_flags.end());
  return flags;
}

absl::Status Failed(std::string_view what, int error) {
  return absl::UnavailableError(absl::StrCat(what, ": ", strerror(error)));
}

// The first address of `ready tls=IP:PORT,... sip=...`.
std::optional<Endpoint> TlsOf(std::string_view line) {
  constexpr std::string_view kTls = " tls=";
  const size_t at = line.find(kTls);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view rest = line.substr(at + kTls.size());
  return Endpoint::Parse(rest.substr(0, rest.find_first_of(", \n")));
}

}  // namespace

absl::StatusOr<std::unique_ptr<ProxyProcess>> ProxyProcess::Create(
    const Start& start) {
  auto proxy = std::unique_ptr<ProxyProcess>(new ProxyProcess());
  absl::Status status = proxy->Spawn(start);
  if (status.ok()) status = proxy->AwaitReady();
  if (!status.ok()) return status;
  return proxy;
}

absl::Status ProxyProcess::Spawn(const Start& start) {
  std::string folder =
      (std::filesystem::temp_directory_path() / "load.XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr) return Failed("mkdtemp", errno);
  folder_ = folder;
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return Failed("pipe", errno);
  output_ = ends[0];

  std::vector<std::string> flags = Flags(start, folder_);
  std::vector<char*> arguments;
  for (std::string& flag : flags) arguments.push_back(flag.data());
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  const int error = posix_spawn(&pid_, start.program.c_str(), &actions, nullptr,
                                arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  if (error == 0) return absl::OkStatus();
  pid_ = 0;
  return Failed(start.program, error);
}

absl::Status ProxyProcess::AwaitReady() {
  std::string line;
  while (line.find('\n') == std::string::npos) {
    pollfd wait{.fd = output_, .events = POLLIN, .revents = 0};
    if (poll(&wait, 1, kReadyMillis) != 1) {
      return absl::UnavailableError("the proxy does not get ready");
    }
    char text[512];
    const ssize_t size = read(output_, text, sizeof(text));
    if (size <= 0) return absl::UnavailableError("the proxy has ended");
    line.append(text, static_cast<size_t>(size));
  }
  const std::optional<Endpoint> tls = TlsOf(line);
  if (!tls) return absl::UnavailableError(absl::StrCat("not ready: ", line));
  tls_ = *tls;
  return absl::OkStatus();
}

bool ProxyProcess::Lives() {
  siginfo_t info{};
  if (pid_ == 0) return false;
  return waitid(P_PID, static_cast<id_t>(pid_), &info,
                WEXITED | WNOHANG | WNOWAIT) == 0 &&
         info.si_pid == 0;
}

absl::Status ProxyProcess::End() {
  if (pid_ == 0) return absl::OkStatus();
  kill(pid_, SIGTERM);
  const Nanos until = ReadNanos() + kEndTime;
  while (Lives() && ReadNanos() < until) {
    const timespec pause{.tv_sec = 0, .tv_nsec = 10'000'000};
    nanosleep(&pause, nullptr);
  }
  const bool stuck = Lives();
  if (stuck) kill(pid_, SIGKILL);
  int status = 0;
  waitpid(pid_, &status, 0);
  pid_ = 0;
  if (stuck) return absl::UnavailableError("the proxy did not end by SIGTERM");
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return absl::OkStatus();
  return absl::UnavailableError(
      WIFEXITED(status)
          ? absl::StrCat("the proxy ended with status ", WEXITSTATUS(status))
          : absl::StrCat("the proxy was ended by signal ", WTERMSIG(status)));
}

ProxyProcess::~ProxyProcess() {
  if (pid_ != 0) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  if (output_ >= 0) close(output_);
  std::error_code ignored;
  if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
}

}  // namespace sallyport::load
