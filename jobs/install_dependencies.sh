#!/usr/bin/env bash
# Installs what building (and, with "tests", testing) bbprompt needs, through apt where there is apt.
# Asks for root only when something is missing. Without apt it lists the packages and goes on.
# Usage: jobs/install_dependencies.sh [tests]
set -euo pipefail

build_packages=(
  g++ cmake ninja-build pkg-config openmpi-bin libopenmpi-dev openssh-client libeigen3-dev libhdf5-dev
  libyaml-cpp-dev libboost-dev libboost-program-options-dev nlohmann-json3-dev libspdlog-dev libfmt-dev libicu-dev
  libssl-dev librandom123-dev libopenblas-dev libpugixml-dev libcurl4-openssl-dev
  libcpp-httplib-dev
)
test_packages=(libgtest-dev libgmock-dev hdf5-tools openssl python3 python3-h5py clang-format wordnet-base gnuplot-nox)

list_for_other_systems() {
  cat >&2 <<'LIST'
bbprompt: apt is not here. Please see that these are installed; going on with plain CMake.
  Debian   g++ cmake ninja-build openmpi-bin libopenmpi-dev libeigen3-dev libhdf5-dev libyaml-cpp-dev
           libboost-dev libboost-program-options-dev nlohmann-json3-dev libspdlog-dev libfmt-dev libicu-dev
           libssl-dev librandom123-dev libopenblas-dev libpugixml-dev libcurl4-openssl-dev libcpp-httplib-dev; tests:
           libgtest-dev libgmock-dev hdf5-tools python3-h5py clang-format gnuplot-nox
  Spack    gcc@12: cmake ninja openmpi@4.1: eigen@3.4: hdf5~mpi yaml-cpp boost+program_options+math nlohmann-json
           spdlog fmt icu4c openssl random123 openblas pugixml curl cpp-httplib; tests: googletest+gmock
           py-h5py llvm gnuplot
  Fedora   gcc-c++ cmake ninja-build openmpi-devel eigen3-devel hdf5-devel yaml-cpp-devel boost-devel
           json-devel spdlog-devel fmt-devel libicu-devel openssl-devel Random123-devel openblas-devel pugixml-devel
           libcurl-devel cpp-httplib-devel; tests: gtest-devel gmock-devel hdf5 python3-h5py clang-tools-extra gnuplot
  (Fedora and many clusters: "module load mpi/openmpi-x86_64", or the site's own module, before building.)
LIST
}

packages=("${build_packages[@]}")
if [ "${1:-}" = tests ]; then packages+=("${test_packages[@]}"); fi

if ! command -v apt-get >/dev/null 2>&1; then
  list_for_other_systems
  exit 0
fi

missing=()
for package in "${packages[@]}"; do
  status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
  [ "$status" = installed ] || missing+=("$package")
done
[ "${#missing[@]}" -gt 0 ] || exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo >/dev/null 2>&1; then
    echo "bbprompt: these packages are missing and need root to install; there is no sudo here. Ask for:" >&2
    echo "  apt-get install --no-install-recommends ${missing[*]}" >&2
    exit 1
  fi
  as_root=(sudo)
fi
echo "bbprompt: installing ${missing[*]}" >&2
"${as_root[@]}" apt-get -o DPkg::Lock::Timeout=900 -qq update >&2
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=900 -qq install -y \
  --no-install-recommends "${missing[@]}" >&2
