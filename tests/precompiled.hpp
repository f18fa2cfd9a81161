// Headers of others that most tests read, compiled once (tests/CMakeLists.txt).
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/precompiled.hpp"
