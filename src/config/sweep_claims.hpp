#pragma once

#include <string>
#include <vector>

#include "bbprompt/config/sweep_spec.hpp"

namespace bbprompt {

// The keys that the parts of a sweep set: each one by one part.
class SweepClaims {
 public:
  // Throws ConfigError for an unknown key, one that no sweep may set, and one that is taken.
  void add(const ConfigEntry& entry, const std::string& owner);

  // Takes over the keys of a part that claimed on a copy of these.
  void merge(const SweepClaims& part);

 private:
  struct Claim {
    std::string key;
    std::string owner;  // "axis prompt.length"
  };
  std::vector<Claim> claims_;
};

// Where settings stand in the document, and what errors call the part they belong to.
struct SweepPart {
  std::string path;   // "sweep.variants.a"
  std::string owner;  // "variant a"
};

// A mapping from dotted keys to values. Claims its keys.
[[nodiscard]] SweepPoint parse_settings(const ConfigNode& settings, const SweepPart& part,
                                        SweepClaims& claims);

// Throws ConfigError "KEY: expected ..., found ...".
[[noreturn]] void fail_kind(const ConfigNode& value, const std::string& key,
                            const std::string& expected);

// Throws ConfigError unless the value is a list of one entry or more.
void require_list(const ConfigNode& value, const std::string& key, const std::string& expected);

}  // namespace bbprompt
