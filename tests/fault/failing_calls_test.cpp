// System calls that fail, each in turn: the program says so and ends in order, and what was stored
// stays.
#include "tests/fault/fixture.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace talaria::test {
namespace {

struct Failing {
  const char* call;
  int error;
  int stride = 1;
};

void PrintTo(const Failing& failing, std::ostream* out) {
  *out << failing.call << ' ' << ::strerrorname_np(failing.error);
}

class FailingCall : public FaultTest, public testing::WithParamInterface<Failing> {
protected:
  void SetUp() override {
    const auto reason = why_no_changes(folder());
    if (!reason.empty()) GTEST_SKIP() << reason;
    make_first_release();
  }

  void fail_each_call(const Arguments& arguments, const std::function<void()>& check) const {
    const auto [call, error, stride] = GetParam();
    sweep(
        call, error, arguments, stride, [&] { restore(); },
        [&](const Injected& injected) {
          expect_orderly(injected);
          check();
        });
  }

private:
  // The end of the program and what it said. A call that was only a hint, or whose failure can be made
  // up for, may be passed over: then the command has succeeded.
  static void expect_orderly(const Injected& injected) {
    const auto& [code, out, err] = injected.outcome;
    EXPECT_TRUE(injected.happened || code == 0) << err;
    if (code == 0) return;
    EXPECT_EQ(code, 1) << err;
    EXPECT_NE(err, "");
    EXPECT_EQ(err.find("terminate"), std::string::npos) << err;
  }
};

TEST_P(FailingCall, FailsAnIngestInOrder) {
  fail_each_call(ingest_second(), [&] { expect_survived(); });
}

TEST_P(FailingCall, FailsAChunkPutInOrder) {
  const Arguments put{"chunk", "put", write("bytes", fasta(10, 7))};
  fail_each_call(put, [&] {
    expect_sound();
    done(put);
    EXPECT_EQ(object_counts().at("packs"), 2U);
    EXPECT_EQ(object_counts().at(".tmp"), 0U);
  });
}

TEST_P(FailingCall, FailsARebaseInOrder) {
  done(ingest_second());
  keep();
  const Arguments rebase{"rebase", "--page-chain", "0"};
  fail_each_call(rebase, [&] {
    expect_sound();
    expect_exports("db@2", second());
    done(rebase);
    expect_exports("db@2", second());
    expect_sound();
  });
}

TEST_P(FailingCall, FailsADeltaPutAndItsRebaseInOrder) {
  const std::string before = fasta(40, 7);
  const std::string after = before + ">one more\nACDEFGH\n";
  const auto reference = done({"chunk", "put", write("before", before)}).out.substr(0, 64);
  const Arguments put{"chunk", "put", write("after", after), "--reference", reference};
  keep();
  fail_each_call(put, [&] {
    expect_sound();
    EXPECT_EQ(done({"chunk", "get", done(put).out.substr(0, 64)}).out, after);
  });
  const auto delta = done(put).out.substr(0, 64);
  keep();
  const Arguments rebase{"chunk", "rebase", delta};
  fail_each_call(rebase, [&] {
    expect_sound();
    EXPECT_EQ(done({"chunk", "get", delta}).out, after);
    done(rebase);
    done({"chunk", "remove", reference});
    EXPECT_EQ(done({"chunk", "get", delta}).out, after);
  });
}

// An export that could not be written whole must not look like one.
TEST_P(FailingCall, LeavesNoPartOfAnExport) {
  const std::string file = path("exported.fasta");
  const auto [call, error, stride] = GetParam();
  sweep(
      call, error, {"export", "db@1", "-o", file}, stride, [&] { std::remove(file.c_str()); },
      [&](const Injected& injected) {
        const std::string found = read("exported.fasta");
        if (injected.outcome.code == 0)
          EXPECT_TRUE(found == first());
        else
          EXPECT_NE(injected.outcome.err, "");
        EXPECT_TRUE(found.empty() || found == first()) << found.size() << " bytes";
        EXPECT_LT(injected.outcome.code, 128) << injected.outcome.err;
      });
}

INSTANTIATE_TEST_SUITE_P(
    Of, FailingCall,
    testing::Values(Failing{"write", ENOSPC}, Failing{"write", EIO}, Failing{"fsync", EIO},
                    Failing{"renameat", EIO}, Failing{"renameat2", EIO}, Failing{"openat", EMFILE, 2},
                    Failing{"openat", ENOSPC, 3}, Failing{"mkdirat", ENOSPC}, Failing{"unlinkat", EIO},
                    Failing{"ftruncate", EIO}, Failing{"flock", ENOLCK}, Failing{"pread64", EIO},
                    Failing{"pwrite64", ENOSPC}),
    [](const auto& info) {
      return std::string(info.param.call) + "_" + ::strerrorname_np(info.param.error);
    });

} // namespace
} // namespace talaria::test
