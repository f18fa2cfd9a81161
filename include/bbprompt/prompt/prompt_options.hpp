#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace bbprompt {

enum class PromptKind { kDiscrete, kSoft, kManual, kDemonstrations };

// How a point picks one candidate per position.
enum class Relaxation {
  kEmbedding,  // position i: the candidate whose (projected) word embedding points most along z_i
  kLogits,     // all scores at once: argmax per position of a fixed random projection of z
  kNearest,    // position i: the candidate whose (projected) word embedding is nearest to z_i
  kIndex,      // no relaxation: coordinate i is the candidate's number
};

// kWordBeginnings counts a token that begins a word whether or not the word goes on after it: as
// kWords once did. Runs of then are repeated with it.
enum class CandidateSource {
  kWords,
  kPmiPhrases,
  kPmiTokens,
  kList,
  kVocabulary,
  kWordBeginnings,
};
enum class CandidateText { kFewShot, kTrainFile };

// Of n-grams by pointwise mutual information (pmi_ngrams.hpp).
struct PmiNgramOptions {
  int max_ngram = 5;                // words
  std::int64_t min_count = 1;       // segments found more often than this become n-grams
  double min_pmi = 1.0;             // neighbours from here on belong together,
  std::int64_t min_pair_count = 2;  // if they were found so often together
  std::int64_t min_frequency = 1;   // n-grams that occur more often than this are kept

  friend bool operator==(const PmiNgramOptions&, const PmiNgramOptions&) = default;
};

struct CandidateOptions {
  CandidateSource source = CandidateSource::kWords;
  CandidateText text = CandidateText::kFewShot;
  std::filesystem::path file;  // kList
  PmiNgramOptions pmi;
  bool is_without_stop_words = false;

  friend bool operator==(const CandidateOptions&, const CandidateOptions&) = default;
};

struct DiscretePromptOptions {
  Relaxation relaxation = Relaxation::kEmbedding;
  int dimension_per_token = 8;     // kEmbedding, kNearest: d = length * this
  int dimension = 60;              // kLogits
  int num_candidates = 200;        // the first ones of the source's order
  std::vector<std::string> words;  // this list of candidate words instead, if not empty
  CandidateOptions candidates;
};

// Where the vectors of a soft prompt stand.
enum class SoftPromptMode {
  kAdd,          // added to the word embeddings of base tokens
  kConcatenate,  // in places of their own
};

// Where a soft prompt enters the model.
enum class SoftPromptLayers {
  kInput,  // at the embeddings (BBT)
  kAll,    // there and before each further layer (BBTv2, a deep prompt)
};

struct SoftPromptOptions {
  SoftPromptMode mode = SoftPromptMode::kAdd;
  SoftPromptLayers layers = SoftPromptLayers::kInput;
  int dimension = 60;  // d of the search space, per layer; 0: no projection, every coordinate
  double alpha = 1.0;  // scale of the projection (BBT)
  std::string init{};  // kAdd: text whose tokens stand under the vectors; empty: drawn from the
                       // seed. kConcatenate: text whose embeddings are added; empty: none
};

struct ManualPromptOptions {
  std::string text;  // empty: the task's manual prompt
  // The same as the vocabulary spells it: these tokens themselves where the model has all of them.
  std::vector<std::string> tokens;
};

struct DemonstrationOptions {
  int per_class = 4;
  int draws = 8;              // selections and orders that are tried
  int max_field_tokens = 32;  // each text of a demonstration is cut to this; 0: no limit
};

struct PromptOptions {
  PromptKind kind = PromptKind::kSoft;
  int length = 5;  // discrete: positions; soft: tokens
  DiscretePromptOptions discrete;
  SoftPromptOptions soft;
  ManualPromptOptions manual;
  DemonstrationOptions demonstrations;
};

}  // namespace bbprompt
