//! What a probe finds.

use std::fmt;

use super::scenario::Scenario;

/// A promise that a route does not keep, in one scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub(super) scenario: Scenario,
    pub(super) kind: FindingKind,
    pub(super) is_warning: bool,
    pub(super) detail: String,
    pub(super) fix: String,
}

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FindingKind {
    /// An answer is a 5xx.
    ServerError,
    /// The handler's answer was not handed back: 500 `not-committed`.
    NotHandedBack,
    /// No answer came: the service failed, or took too long.
    NoAnswer,
    /// The request is refused under a new key, so nothing can be checked.
    NotAccepted,
    /// The request was accepted, and what `effects` counts did not grow.
    NoEffect,
    /// One key had two effects.
    SecondEffect,
    /// A replay had an effect: the handler does something beside what its key is recorded with.
    EffectBesideRecord,
    /// A request was accepted, and its effect is missing.
    EffectLost,
    /// A request was refused, and had an effect.
    EffectOfRefused,
    /// A replay has another status or another body than the first answer.
    ReplayDiffers,
    /// No header marks a replay. A warning if the service is not idem's and the effects are counted: they show that it was a replay.
    ReplayNotMarked,
    /// A replay is 410: the answer is not kept. A warning.
    AnswerNotKept,
    /// The two forms of one key are two keys. A warning if the service is not idem's.
    FormsDiffer,
    /// The other form of the key is refused. A warning.
    FormRefused,
    /// Another request under the same key is answered with success.
    OtherRequestAnswered,
    /// Of two at once one is refused, and not by 409.
    WrongRefusal,
    /// A key cannot be used after its client has gone.
    KeyStuck,
    /// A key cannot be used after a request whose body was broken.
    KeySpent,
    /// Half of a JSON body is accepted. A warning.
    BrokenBodyAccepted,
    /// A request without a key is accepted.
    KeyNotRequired,
    /// A key that is none, or two, is accepted.
    UnusableKeyAccepted,
}

impl Finding {
    /// In which scenario.
    pub fn scenario(&self) -> Scenario {
        self.scenario
    }

    /// What is wrong.
    pub fn kind(&self) -> FindingKind {
        self.kind
    }

    /// A warning does not make [`Report::assert`](super::Report::assert) fail.
    pub fn is_warning(&self) -> bool {
        self.is_warning
    }

    /// What to do about it.
    pub fn fix(&self) -> &str {
        &self.fix
    }
}

impl FindingKind {
    /// A word with hyphens: `second-effect`.
    pub fn as_str(self) -> &'static str {
        self.row().0
    }

    /// What to do, unless something better is known.
    pub(super) fn fix(self) -> &'static str {
        self.row().1
    }

    const fn row(self) -> (&'static str, &'static str) {
        match self {
            Self::ServerError => ("server-error", "the service's log has the reason"),
            Self::NotHandedBack => (
                "not-handed-back",
                "return `work.done(answer)` or `work.refused(answer)`; under a leased guard `lease.done(answer)` or `lease.not_done(answer)`",
            ),
            Self::NoAnswer => ("no-answer", "`Route::patience` is how long the probe waits"),
            Self::NotAccepted => (
                "not-accepted",
                "give the probe a request that the service accepts; if it is accepted once only, `Route::before` makes it acceptable again",
            ),
            Self::NoEffect => (
                "no-effect",
                "count what this route does; if it was done before the probe, `Route::before` makes it possible again",
            ),
            Self::SecondEffect => (
                "second-effect",
                "put a guard around the route; if it has one, do all that the handler does in `work.tx()`, or under a key of the request",
            ),
            Self::EffectBesideRecord => (
                "effect-beside-record",
                "a handler under `Guard::keyed` is one command and nothing beside it; for more use `Guard::transactional`, and `work.tx()` for all of it",
            ),
            Self::EffectLost => ("effect-lost", "record the answer together with the effect, never before it"),
            Self::EffectOfRefused => ("effect-of-refused", "refuse before anything is done, or roll it back"),
            Self::ReplayDiffers => {
                ("replay-differs", "record status and body of the first answer, and answer repeats with them")
            }
            Self::ReplayNotMarked => (
                "replay-not-marked",
                "under `Guard::keyed` return `idem_http::Answer`; elsewhere mark replays by `Idempotent-Replayed: true`, or name your header by `Route::replay_header`",
            ),
            Self::AnswerNotKept => ("answer-not-kept", "`Guard::max_answer` is below the length of this answer"),
            Self::FormsDiffer => {
                ("forms-differ", "read the key as a string of structured fields if it begins with a quotation mark")
            }
            Self::FormRefused => {
                ("form-refused", "nothing, if clients send one form only, as `Guard::strict_header` asks for")
            }
            Self::OtherRequestAnswered => (
                "other-request-answered",
                "compare method, path, query and body with those of the first, and refuse (422); a keyed guard compares what its command gets, so a route whose query means nothing needs `Route::query_ignored`",
            ),
            Self::WrongRefusal => ("wrong-refusal", "answer with 409, or wait for the first and replay its answer"),
            Self::KeyStuck => (
                "key-stuck",
                "finish the work of a client that has gone, or free its key: a dropped future runs no more of its code",
            ),
            Self::KeySpent => ("key-spent", "record nothing for a request that was not run"),
            Self::BrokenBodyAccepted => ("broken-body-accepted", "read the body before anything is done"),
            Self::KeyNotRequired => (
                "key-not-required",
                "end the guard by `required()`; if a key is optional on purpose, say `Route::key_optional`",
            ),
            Self::UnusableKeyAccepted => {
                ("unusable-key-accepted", "refuse it (400): its sender believes to have a key")
            }
        }
    }
}

impl fmt::Display for FindingKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What is wrong, and what to do.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}. To do: {}", self.kind, self.detail, self.fix)
    }
}
