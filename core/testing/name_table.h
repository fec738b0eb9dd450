// Checks of a ToString over a whole enum: its names are metric labels.
#ifndef CORE_TESTING_NAME_TABLE_H_
#define CORE_TESTING_NAME_TABLE_H_

#include <algorithm>
#include <cctype>
#include <set>
#include <string_view>

#include "gtest/gtest.h"

namespace sallyport {

// Values 0 to `count` - 1 all have a name, in snake_case, and no two the same.
template <typename Enum>
void ExpectLabels(size_t count) {
  std::set<std::string_view> names;
  for (size_t value = 0; value < count; ++value) {
    const std::string_view name = ToString(static_cast<Enum>(value));
    EXPECT_FALSE(name.empty()) << value;
    EXPECT_TRUE(std::all_of(name.begin(), name.end(), [](unsigned char c) {
      return std::islower(c) || std::isdigit(c) || c == '_';
    })) << name;
    EXPECT_TRUE(names.insert(name).second) << name << " stands twice";
  }
}

}  // namespace sallyport

#endif  // CORE_TESTING_NAME_TABLE_H_
