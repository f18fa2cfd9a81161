#pragma once

#include "bbprompt/base/error.hpp"

namespace bbprompt {

// Nothing more can be written where a file lies: the disk is full, or the account's quota used up.
class DiskFullError : public StoreError {
 public:
  using StoreError::StoreError;
};

}  // namespace bbprompt
