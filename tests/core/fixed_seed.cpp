// Linked into programs with RapidCheck properties: they try the same cases on every run, unless the
// caller sets RC_PARAMS (for instance to "seed=7 max_success=10000") to search further.
#include <cstdlib>

namespace {

const int seed_is_set = ::setenv("RC_PARAMS", "seed=20260401", 0);

} // namespace
