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

std::vector<std::string> ThreadFolders(pid_t process) {
  const std::string folder = absl::StrCat("/proc/", process, "/task");
  std::vector<std::string> threads;
  DIR* tasks = opendir(folder.c_str());
  if (tasks == nullptr) return threads;
  while (const dirent* entry = readdir(tasks)) {
    if (entry->d_name[0] == '.') continue;
    threads.push_back(absl::StrCat(folder, "/", entry->d_name));
  }
  closedir(tasks);
  return threads;
}

// The process itself comes first.
std::vector<pid_t> TreeOf(pid_t root) {
  std::vector<pid_t> tree = {root};
  for (size_t i = 0; i < tree.size(); ++i) {
    for (const std::string& thread : ThreadFolders(tree[i])) {
      const std::string text = ReadFile(thread + "/children");
      for (const std::string_view word :
           absl::StrSplit(text, ' ', absl::SkipEmpty())) {
        pid_t child = 0;
        if (absl::SimpleAtoi(word, &child)) tree.push_back(child);
      }
    }
  }
  return tree;
}

}  // namespace

CpuUsage ReadThreadCpu(pid_t thread) {
  return ReadSchedule(absl::StrCat("/proc/self/task/", thread));
}

CpuUsage ReadProcessCpu(pid_t process) {
  CpuUsage usage;
  for (const pid_t pid : TreeOf(process)) {
    for (const std::string& thread : ThreadFolders(pid)) {
      usage = usage + ReadSchedule(thread);
    }
  }
  return usage;
}

MemoryUsage ReadMemory(pid_t process) {
  MemoryUsage memory;
  for (const pid_t pid : TreeOf(process)) {
    const std::string text =
        ReadFile(absl::StrCat("/proc/", pid, "/smaps_rollup"));
    for (std::string_view line : absl::StrSplit(text, '\n')) {
      const std::vector<std::string_view> words =
          absl::StrSplit(line, ' ', absl::SkipEmpty());
      if (absl::StartsWith(line, "Rss:")) {
        memory.resident_bytes += NumberAt(words, 1) * 1024;
      } else if (absl::StartsWith(line, "Pss:")) {
        memory.proportional_bytes += NumberAt(words, 1) * 1024;
      }
    }
  }
  return memory;
}

}  // namespace sallyport::load
