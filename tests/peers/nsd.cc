#include "tests/peers/nsd.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "absl/log/check.h"
#include "absl/strings/str_cat.h"

namespace sallyport {
namespace {

constexpr char kProgram[] = "/usr/sbin/nsd";
constexpr std::chrono::seconds kPatience{30};

// A port of loopback that is free for UDP and TCP at this moment.
uint16_t FreePort() {
  while (true) {
    const net::Fd udp(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const net::Fd tcp(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    CHECK(udp.valid() && tcp.valid());
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* any = reinterpret_cast<sockaddr*>(&address);
    socklen_t size = sizeof(address);
    CHECK_EQ(bind(udp.get(), any, size), 0);
    CHECK_EQ(getsockname(udp.get(), any, &size), 0);
    if (bind(tcp.get(), any, size) == 0) return ntohs(address.sin_port);
  }
}

// Whole and at once, so that a server never reads half of it.
void WriteFile(const std::string& path, std::string_view text) {
  const std::string fresh = path + ".new";
  FILE* file = std::fopen(fresh.c_str(), "we");
  CHECK(file != nullptr) << fresh;
  CHECK_EQ(std::fwrite(text.data(), 1, text.size(), file), text.size());
  CHECK_EQ(std::fclose(file), 0);
  CHECK_EQ(std::rename(fresh.c_str(), path.c_str()), 0);
}

std::string NewFolder() {
  const char* scratch = std::getenv("TEST_TMPDIR");
  std::string folder =
      absl::StrCat(scratch != nullptr ? scratch : "/tmp", "/nsd.XXXXXX");
  CHECK(mkdtemp(folder.data()) != nullptr) << folder;
  return folder;
}

}  // namespace

Nsd::Nsd(std::string_view records)
    : folder_(NewFolder()),
      endpoint_{IpAddress::V4({127, 0, 0, 1}), FreePort()} {
  CHECK_EQ(access(kProgram, X_OK), 0)
      << "NSD is not installed: run tools/setup --with-peers";
  WriteZone(records);
  WriteConfig();
  Launch();
  WaitUntilItServes();
}

Nsd::~Nsd() {
  kill(pid_, SIGTERM);
  kill(-pid_, SIGCONT);  // it may have been made to stand still
  // A child of it that stays ends with the group, whose number is ours as long
  // as the process is not waited for.
  siginfo_t info;
  waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOWAIT);
  kill(-pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

void Nsd::Change(std::string_view records) {
  WriteZone(records);
  CHECK_EQ(kill(pid_, SIGHUP), 0);
}

void Nsd::FallSilent() { CHECK_EQ(kill(-pid_, SIGSTOP), 0); }

void Nsd::WriteZone(std::string_view records) {
  WriteFile(folder_ + "/peers.zone",
            absl::StrCat("$ORIGIN peers.test.\n"
                         "$TTL 60\n"
                         "@ 30 SOA ns me 1 3600 600 86400 30\n"
                         "@ NS ns\n"
                         "ns A 127.0.0.1\n",
                         records));
}

void Nsd::WriteConfig() {
  WriteFile(folder_ + "/nsd.conf",
            absl::StrCat("server:\n"
                         "  ip-address: 127.0.0.1@",
                         endpoint_.port,
                         "\n"
                         "  username: \"\"\n"
                         "  chroot: \"\"\n"
                         "  database: \"\"\n"
                         "  server-count: 1\n"
                         "  zonefiles-check: yes\n"
                         "  pidfile: \"\"\n"
                         "  logfile: \"/dev/stderr\"\n"
                         "  zonesdir: \"",
                         folder_, "\"\n  xfrdir: \"", folder_,
                         "\"\n  zonelistfile: \"", folder_,
                         "/zones\"\n  xfrdfile: \"", folder_,
                         "/xfrd\"\n"
                         "remote-control:\n"
                         "  control-enable: no\n"
                         "zone:\n"
                         "  name: peers.test\n"
                         "  zonefile: peers.zone\n"));
}

void Nsd::Launch() {
  const std::string config = folder_ + "/nsd.conf";
  const char* const arguments[] = {kProgram, "-d",           "-V",   "1",
                                   "-c",     config.c_str(), nullptr};
  std::array<int, 2> ends;
  CHECK_EQ(pipe2(ends.data(), O_CLOEXEC), 0);
  said_ = net::Fd(ends[0]);
  const net::Fd log(ends[1]);
  const pid_t test = getpid();
  pid_ = fork();
  CHECK_GE(pid_, 0);
  if (pid_ > 0) return;
  // The child: nothing but system calls.
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (getppid() != test) _exit(1);
  dup2(log.get(), STDERR_FILENO);
  execv(kProgram, const_cast<char* const*>(arguments));
  _exit(127);
}

void Nsd::WaitUntilItServes() {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  std::string said;
  while (said.find("nsd started") == std::string::npos) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(
        end - std::chrono::steady_clock::now());
    CHECK_GT(left.count(), 0) << said;
    pollfd polled = {said_.get(), POLLIN, 0};
    if (poll(&polled, 1, static_cast<int>(left.count())) <= 0) continue;
    std::array<char, 1024> buffer;
    const ssize_t size = read(said_.get(), buffer.data(), buffer.size());
    CHECK_GT(size, 0) << "NSD ended: " << said;
    said.append(buffer.data(), static_cast<size_t>(size));
  }
}

}  // namespace sallyport
