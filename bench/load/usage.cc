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

std::vector<pid_t> ThreadsOfOne(pid_t process) {
  std::vector<pid_t> threads;
  DIR* tasks = opendir(absl::StrCat("/proc/", process, "/task").c_str());
  if (tasks == nullptr) return threads;
  while (const dirent* entry = readdir(tasks)) {
    pid_t thread = 0;
    if (absl::SimpleAtoi(entry->d_name, &thread)) threads.push_back(thread);
  }
  closedir(tasks);
  return threads;
}

std::string FolderOf(pid_t process, pid_t thread) {
  return absl::StrCat("/proc/", process, "/task/", thread);
}

// The process itself comes first.
std::vector<pid_t> TreeOf(pid_t root) {
  std::vector<pid_t> tree = {root};
  for (size_t i = 0; i < tree.size(); ++i) {
    for (const pid_t thread : ThreadsOfOne(tree[i])) {
      const std::string text =
          ReadFile(FolderOf(tree[i], thread) + "/children");
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
    for (const pid_t thread : ThreadsOfOne(pid)) {
      usage = usage + ReadSchedule(FolderOf(pid, thread));
    }
  }
  return usage;
}

std::vector<pid_t> ThreadsOf(pid_t process) {
  std::vector<pid_t> threads;
  for (const pid_t pid : TreeOf(process)) {
    const std::vector<pid_t> more = ThreadsOfOne(pid);
    threads.insert(threads.end(), more.begin(), more.end());
  }
  return threads;
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
