#include "replica/gemm.hpp"

#ifdef BBPROMPT_HAS_BLAS
#include <sys/mman.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "bbprompt/base/error.hpp"

extern "C" {
// NOLINTNEXTLINE(readability-identifier-naming): the name is Fortran's.
void sgemm_(const char* trans_a, const char* trans_b, const int* m, const int* n, const int* k,
            const float* alpha, const float* a, const int* lda, const float* b, const int* ldb,
            const float* beta, float* c, const int* ldc);
// Null where the BLAS is not OpenBLAS.
__attribute__((weak)) void openblas_set_num_threads(int num_threads);
}
#endif

namespace bbprompt {

#ifdef BBPROMPT_HAS_BLAS

namespace {

// BLAS counts columns first: a row-major matrix is its own transpose there, so c^T = op(b)^T a^T.
void call_sgemm(char trans_b, const ConstRows& a, const ConstRows& b, Rows c,
                const GemmScale& scale) {
  if (c.size() == 0) return;
  const char trans_a = 'N';
  const int m = static_cast<int>(c.cols());
  const int n = static_cast<int>(c.rows());
  const int k = static_cast<int>(a.cols());
  const int lda = static_cast<int>(b.outerStride());
  const int ldb = static_cast<int>(a.outerStride());
  const int ldc = static_cast<int>(c.outerStride());
  sgemm_(&trans_b, &trans_a, &m, &n, &k, &scale.alpha, b.data(), &lda, a.data(), &ldb, &scale.beta,
         c.data(), &ldc);
}

// OpenBLAS takes a buffer with the first product of a process; where it gets none it tries again
// for ever. So the memory is asked for first, where failing is an answer, and the buffer taken at
// once.
void take_openblas_buffer() {
  constexpr std::size_t kBuffer = std::size_t{160} << 20U;  // 128 MiB and what it takes around it
  static bool is_taken = false;
  if (is_taken) return;
  void* room = ::mmap(nullptr, kBuffer, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (room == MAP_FAILED) {
    throw Error(
        std::string("not enough memory: matrix products by OpenBLAS take 160 MiB, and the system "
                    "gives none (") +
        std::strerror(errno) +
        "). Raise the limit of the job or of the shell (ulimit -v), or start fewer ranks on this "
        "machine");
  }
  ::munmap(room, kBuffer);
  constexpr int kSize = 64;
  const RowMatrixXf a = RowMatrixXf::Zero(kSize, kSize);
  RowMatrixXf c = RowMatrixXf::Zero(kSize, kSize);
  call_sgemm('N', a, a, c, {});
  is_taken = true;
}

}  // namespace

void multiply(const ConstRows& a, const ConstRows& b, Rows c, const GemmScale& scale) {
  call_sgemm('N', a, b, c, scale);
}

void multiply_transposed(const ConstRows& a, const ConstRows& b, Rows c, const GemmScale& scale) {
  call_sgemm('T', a, b, c, scale);
}

void set_gemm_threads(int num_threads) {
  if (openblas_set_num_threads == nullptr) return;
  openblas_set_num_threads(num_threads);
  take_openblas_buffer();
}

#else

namespace {

template <typename Right>
void multiply_by_eigen(const ConstRows& a, const Right& b, Rows c, const GemmScale& scale) {
  if (scale.beta == 0) {
    c.noalias() = scale.alpha * a * b;
  } else {
    if (scale.beta != 1) c *= scale.beta;
    c.noalias() += scale.alpha * a * b;
  }
}

}  // namespace

void multiply(const ConstRows& a, const ConstRows& b, Rows c, const GemmScale& scale) {
  multiply_by_eigen(a, b, c, scale);
}

void multiply_transposed(const ConstRows& a, const ConstRows& b, Rows c, const GemmScale& scale) {
  multiply_by_eigen(a, b.transpose(), c, scale);
}

void set_gemm_threads(int num_threads) { Eigen::setNbThreads(num_threads); }

#endif

}  // namespace bbprompt
