#include "bench/load/usage.h"

#include <dirent.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace sallyport::load {
namespace {

std::string ReadFile(const std::string& name) {
  std::ifstream file(name);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

uint64_t NumberAt(const std::vector<std::string_view>& words, size_t place) {
  uint64_t number = 0;
  if (place >= words.size() || !absl::SimpleAtoi(words[place], &number)) {
    return 0;
  }
  return number;
}

// `schedstat`: nanoseconds on a core, nanoseconds of waiting, time slices.
CpuUsage ReadSchedule(const std::string& folder) {
  const std::string text = ReadFile(folder + "/schedstat");
  const std::vector<std::string_view> words =
      absl::StrSplit(text, absl::ByAnyChar(" \n"), absl::SkipEmpty());
  return {static_cast<double>(NumberAt(words, 0)) * 1e-9,
          static_cast<double>(NumberAt(words, 1)) * 1e-9};
}

// User and system time, with that of threads that have ended.
double ReadStat(pid_t process) {
  const std::string text = ReadFile(absl::StrCat("/proc/", process, "/stat"));
  const size_t name_end = text.rfind(')');  // a name may hold blanks
  if (name_end == std::string::npos) return 0;
  const std::vector<std::string_view> words = absl::StrSplit(
      std::string_view(text).substr(name_end + 1), ' ', absl::SkipEmpty());
  return static_cast<double>(NumberAt(words, 11) + NumberAt(words, 12)) /
         static_cast<double>(sysconf(_SC_CLK_TCK));
}

}  // namespace

CpuUsage ReadThreadCpu(pid_t thread) {
  return ReadSchedule(absl::StrCat("/proc/self/task/", thread));
}

CpuUsage ReadProcessCpu(pid_t process) {
  CpuUsage usage{.used = ReadStat(process)};
  const std::string folder = absl::StrCat("/proc/", process, "/task");
  DIR* tasks = opendir(folder.c_str());
  if (tasks == nullptr) return usage;
  while (const dirent* entry = readdir(tasks)) {
    if (entry->d_name[0] == '.') continue;
    usage.waited +=
        ReadSchedule(absl::StrCat(folder, "/", entry->d_name)).waited;
  }
  closedir(tasks);
  return usage;
}

MemoryUsage ReadMemory(pid_t process) {
  const std::string text =
      ReadFile(absl::StrCat("/proc/", process, "/smaps_rollup"));
  MemoryUsage memory;
  for (std::string_view line : absl::StrSplit(text, '\n')) {
    const std::vector<std::string_view> words =
        absl::StrSplit(line, ' ', absl::SkipEmpty());
    if (absl::StartsWith(line, "Rss:")) {
      memory.resident_bytes = NumberAt(words, 1) * 1024;
    } else if (absl::StartsWith(line, "Pss:")) {
      memory.proportional_bytes = NumberAt(words, 1) * 1024;
    }
  }
  return memory;
}

}  // namespace sallyport::load
