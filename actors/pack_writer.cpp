#include "actors/pack_writer.hpp"

namespace talaria::actors {

namespace {

class InputReader : public input_actor::base {
public:
  InputReader(caf::actor_config& config, std::shared_ptr<Input> input)
      : input_actor::base(config), input_(std::move(input)), splitter_(*input_) {}

  const char* name() const override { return "talaria-input"; }

protected:
  behavior_type make_behavior() override {
    return {[this](next_piece_atom) -> caf::result<Local<InputPiece>> {
      return guarded([&]() -> caf::result<Local<InputPiece>> { return next(); });
    }};
  }

private:
  // Requests that were made ahead come here even after the end or an error: they get the same again.
  caf::result<Local<InputPiece>> next() {
    if (error_) return to_caf(*error_);
    if (end_) return local(*end_);
    auto piece = splitter_.next();
    if (!piece) {
      error_ = piece.error();
      return to_caf(*error_);
    }
    InputPiece answer;
    if (*piece) {
      hasher_.update((*piece)->bytes.view());
      bytes_ += (*piece)->bytes.size();
      answer.piece = *std::move(*piece);
      answer.bytes = bytes_;
      return local(std::move(answer));
    }
    answer.digest = hasher_.finish();
    answer.bytes = bytes_;
    end_ = answer;
    return local(std::move(answer));
  }

  std::shared_ptr<Input> input_;
  FastaSplitter splitter_;
  Hasher hasher_;
  uint64_t bytes_ = 0;
  std::optional<InputPiece> end_;
  std::optional<Error> error_;
};

class PackWriterActor : public pack_writer_actor::base {
public:
  PackWriterActor(caf::actor_config& config, std::shared_ptr<Commit> commit)
      : pack_writer_actor::base(config), commit_(std::move(commit)) {}

  const char* name() const override { return "talaria-pack-writer"; }

  // The commit cleans up when it is let go of: that must be done when whoever waits for the end goes on.
  void on_exit() override { commit_.reset(); }

protected:
  behavior_type make_behavior() override {
    return {
        [this](append_atom, const Local<EncodedBlock>& block) -> caf::result<void> {
          return guarded([&]() -> caf::result<void> { return reply(commit_->append(*block)); });
        },
        [this](finish_run_atom, const Local<Run>& run, const Local<Plans>& plans,
               const Local<Run::LookupTables>& tables) -> caf::result<void> {
          return guarded([&]() -> caf::result<void> {
            return reply(commit_->finish_run(*run, *plans, std::move(*tables)));
          });
        },
    };
  }

private:
  std::shared_ptr<Commit> commit_;
};

} // namespace

input_actor spawn_input(caf::actor_system& system, std::unique_ptr<Input> input) {
  return system.spawn<InputReader, caf::detached>(std::shared_ptr<Input>(std::move(input)));
}

pack_writer_actor spawn_pack_writer(caf::actor_system& system, std::shared_ptr<Commit> commit) {
  return system.spawn<PackWriterActor, caf::detached>(std::move(commit));
}

} // namespace talaria::actors
