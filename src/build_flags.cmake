# Compiler flags shared by every target. One -march for all: Eigen's alignment is part of the ABI.
include(CheckCXXCompilerFlag)
include(CheckCXXSourceRuns)

# Designated initialisers leave the other members at their defaults on purpose.
add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wmissing-declarations
                    -Wno-missing-field-initializers)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # False alarms on std::string concatenation (GCC bug 105651).
  add_compile_options(-Wno-restrict -Wno-stringop-overflow)
endif()
if(BBPROMPT_WERROR)
  add_compile_options(-Werror)
endif()

if(BBPROMPT_ARCH STREQUAL "auto")
  # AVX2 and FMA without the tuning of -march=native, which costs Eigen a third on some CPUs and
  # makes binaries that stop with "illegal instruction" on older nodes of the same cluster.
  check_cxx_compiler_flag(-march=x86-64-v3 BBPROMPT_HAS_X86_64_V3)
  if(BBPROMPT_HAS_X86_64_V3 AND NOT CMAKE_CROSSCOMPILING)
    check_cxx_source_runs(
      "int main() { return __builtin_cpu_supports(\"avx2\") && __builtin_cpu_supports(\"fma\") ? 0 : 1; }"
      BBPROMPT_RUNS_X86_64_V3)
  endif()
  if(BBPROMPT_RUNS_X86_64_V3)
    add_compile_options(-march=x86-64-v3)
  endif()
elseif(BBPROMPT_ARCH)
  add_compile_options(-march=${BBPROMPT_ARCH})
endif()

if(BBPROMPT_SANITIZE)
  add_compile_options(-fsanitize=${BBPROMPT_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${BBPROMPT_SANITIZE})
endif()

# bbprompt_precompile(TARGET OWNER): TARGET reads the precompiled headers of OWNER, which compiles them itself.
function(bbprompt_precompile target owner)
  if(BBPROMPT_PRECOMPILE AND NOT target STREQUAL owner)
    target_precompile_headers(${target} REUSE_FROM ${owner})
  endif()
endfunction()

# bbprompt_unity(TARGET): compiles the target's sources a few at a time, as if they were one file. So no two sources of
# a module may give different things in unnamed namespaces the same name. Not for modules that compute what a run
# writes: what the compiler inlines, and so contracts to FMA, must not hang on the files next to it.
function(bbprompt_unity target)
  set_target_properties(${target} PROPERTIES UNITY_BUILD ${BBPROMPT_UNITY} UNITY_BUILD_BATCH_SIZE 8)
endfunction()

# bbprompt_module(NAME [UNITY] [SOURCES ...] [USES module...] [LIBRARIES target...] [PRIVATE_LIBRARIES target...])
# One static library per module; USES are the only modules whose headers it may include.
function(bbprompt_module name)
  cmake_parse_arguments(arg "UNITY" "" "SOURCES;USES;LIBRARIES;PRIVATE_LIBRARIES" ${ARGN})
  add_library(bbprompt_${name} STATIC ${arg_SOURCES})
  add_library(bbprompt::${name} ALIAS bbprompt_${name})
  target_include_directories(bbprompt_${name} PUBLIC ${PROJECT_SOURCE_DIR}/include
                                              PRIVATE ${PROJECT_SOURCE_DIR}/src)
  list(TRANSFORM arg_USES PREPEND bbprompt::)
  target_link_libraries(bbprompt_${name} PUBLIC ${arg_USES} ${arg_LIBRARIES}
                                         PRIVATE ${arg_PRIVATE_LIBRARIES})
  bbprompt_precompile(bbprompt_${name} bbprompt_base)
  if(arg_UNITY)
    bbprompt_unity(bbprompt_${name})
  endif()
endfunction()
