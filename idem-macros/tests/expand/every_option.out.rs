#[allow(non_camel_case_types, unused_qualifications)]
type __IdemDoorT0 = u8;
#[allow(non_camel_case_types, unused_qualifications)]
type __IdemDoorT1 = Who;
#[allow(non_camel_case_types, unused_qualifications)]
type __IdemDoorT2 = Door;
#[allow(non_camel_case_types, unused_qualifications)]
type __IdemDoorT3 = r#type::Who;
#[allow(non_camel_case_types, unused_qualifications)]
type __IdemDoorT4 = super::Seen;
#[allow(unreachable_pub, private_interfaces, clippy::pedantic)]
impl Door {
    crate::harmless::__stored! {
        #[doc = r" The machines of this enum in a database."] pub (in super::house) fn
        stored < DB : crate ::harmless::Database, R : door_machine::Transitions > (idem :
        & crate ::harmless::Idem < DB >, rules : R,) -> door_machine::Machines < DB, R >
        where { door_machine::Machines::__new(idem, rules) }
    }
    /// One machine in memory, without a database: the same rules.
    pub(in super::house) fn in_memory<R: door_machine::Transitions>(
        rules: R,
        initial: door_machine::Shut,
    ) -> door_machine::InMemory<R> {
        door_machine::InMemory::__new(rules, initial)
    }
}
/**What `#[idempotent_fsm]` makes of `Door`: its states and commands as types, its rules, its handles.

```mermaid
stateDiagram-v2
    [*] --> Shut
    Shut --> Open: Open
    Shut --> Shut: Match
    Open --> Shut: Match
    Open --> Open: Match
```*/
#[allow(
    non_camel_case_types,
    private_interfaces,
    single_use_lifetimes,
    unreachable_pub,
    unused_lifetimes,
    unused_qualifications,
    clippy::pedantic,
    clippy::derive_partial_eq_without_eq,
    clippy::exhaustive_enums,
    clippy::exhaustive_structs,
    clippy::large_enum_variant,
    clippy::result_large_err,
    clippy::enum_variant_names,
)]
pub(in super::house) mod door_machine {
    ///The state `Shut`.
    #[derive(
        ::core::fmt::Debug,
        ::core::clone::Clone,
        ::core::marker::Copy,
        ::core::cmp::PartialEq,
        ::core::cmp::Eq,
        ::core::hash::Hash
    )]
    pub(in super::super::house) struct Shut();
    #[automatically_derived]
    impl ::core::convert::From<Shut> for super::Door {
        fn from(__state: Shut) -> Self {
            let Shut() = __state;
            super::Door::Shut()
        }
    }
    /// Wide open.
    #[derive(
        ::core::fmt::Debug,
        ::core::clone::Clone,
        ::core::marker::Copy,
        ::core::cmp::PartialEq,
        ::core::cmp::Eq,
        ::core::hash::Hash
    )]
    pub(in super::super::house) struct Open(
        pub super::__IdemDoorT0,
        pub super::__IdemDoorT1,
    );
    #[automatically_derived]
    impl ::core::convert::From<Open> for super::Door {
        fn from(__state: Open) -> Self {
            let Open(__f0, __f1) = __state;
            super::Door::Open(__f0, __f1)
        }
    }
    ///The states by name.
    #[derive(
        ::core::clone::Clone,
        ::core::marker::Copy,
        ::core::fmt::Debug,
        ::core::cmp::PartialEq,
        ::core::cmp::Eq,
        ::core::cmp::PartialOrd,
        ::core::cmp::Ord,
        ::core::hash::Hash
    )]
    #[allow(dead_code)]
    pub(in super::super::house) enum StateKind {
        ///The state `Shut`.
        Shut,
        ///The state `Open`.
        Open,
    }
    impl StateKind {
        const __ALL: &'static [Self] = &[Self::Shut, Self::Open];
        ///Every state, in the order of the source.
        pub const ALL: &'static [Self] = Self::__ALL;
        ///The state's name on the wire.
        pub const fn name(self) -> &'static str {
            match self {
                Self::Shut => "shut",
                Self::Open => "Open",
            }
        }
    }
    #[automatically_derived]
    impl ::core::fmt::Display for StateKind {
        fn fmt(&self, __f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
            __f.pad(self.name())
        }
    }
    #[automatically_derived]
    impl ::core::convert::From<&super::Door> for StateKind {
        fn from(__state: &super::Door) -> Self {
            match *__state {
                super::Door::Shut { .. } => Self::Shut,
                super::Door::Open { .. } => Self::Open,
            }
        }
    }
    ///The commands by name.
    #[derive(
        ::core::clone::Clone,
        ::core::marker::Copy,
        ::core::fmt::Debug,
        ::core::cmp::PartialEq,
        ::core::cmp::Eq,
        ::core::cmp::PartialOrd,
        ::core::cmp::Ord,
        ::core::hash::Hash
    )]
    #[allow(dead_code)]
    pub(in super::super::house) enum CommandKind {
        ///The command `Open`.
        Open,
        ///The command `Match`.
        r#Match,
    }
    impl CommandKind {
        const __ALL: &'static [Self] = &[Self::Open, Self::r#Match];
        ///Every command, in the order of the source.
        pub const ALL: &'static [Self] = Self::__ALL;
        ///The command's name on the wire.
        pub const fn name(self) -> &'static str {
            match self {
                Self::Open => "open",
                Self::r#Match => "Match",
            }
        }
    }
    #[automatically_derived]
    impl ::core::fmt::Display for CommandKind {
        fn fmt(&self, __f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
            __f.pad(self.name())
        }
    }
    /// Opens it.
    #[derive(Eq)]
    #[derive(::core::fmt::Debug, ::core::clone::Clone, ::core::cmp::PartialEq)]
    #[derive(
        crate::harmless::__private::serde::Serialize,
        crate::harmless::__private::serde::Deserialize
    )]
    #[serde(
        crate = "crate::harmless::__private::serde",
        bound(
            serialize = "for<'idem> super::__IdemDoorT2: crate::harmless::__private::State, for<'idem> super::__IdemDoorT3: crate::harmless::__private::State",
            deserialize = "for<'idem> super::__IdemDoorT2: crate::harmless::__private::State, for<'idem> super::__IdemDoorT3: crate::harmless::__private::State"
        )
    )]
    pub(in super::super::house) struct OpenIt {
        ///`seen_at`, as the enum declares it.
        #[serde(rename = "at")]
        pub seen_at: super::__IdemDoorT2,
        ///`by`, as the enum declares it.
        pub by: super::__IdemDoorT3,
    }
    #[diagnostic::do_not_recommend]
    #[automatically_derived]
    impl crate::harmless::__private::Repeatable for OpenIt {}
    ///The command `Match`.
    #[derive(::core::fmt::Debug, ::core::clone::Clone, ::core::cmp::PartialEq)]
    #[derive(
        crate::harmless::__private::serde::Serialize,
        crate::harmless::__private::serde::Deserialize
    )]
    #[serde(crate = "crate::harmless::__private::serde")]
    pub(in super::super::house) struct r#Match;
    /// Any command; serde reads and writes it as `{"name": payload}`.
    #[derive(::core::fmt::Debug, ::core::clone::Clone, ::core::cmp::PartialEq)]
    #[derive(
        crate::harmless::__private::serde::Serialize,
        crate::harmless::__private::serde::Deserialize
    )]
    #[serde(
        crate = "crate::harmless::__private::serde",
        bound(
            serialize = "for<'idem> super::__IdemDoorT2: crate::harmless::__private::State, for<'idem> super::__IdemDoorT3: crate::harmless::__private::State",
            deserialize = "for<'idem> super::__IdemDoorT2: crate::harmless::__private::State, for<'idem> super::__IdemDoorT3: crate::harmless::__private::State"
        )
    )]
    pub(in super::super::house) enum Command {
        ///The command `Open`.
        #[serde(rename = "open", alias = "Unlock")]
        Open(OpenIt),
        ///The command `Match`.
        #[serde(rename = "Match")]
        r#Match(r#Match),
    }
    impl Command {
        /// The command's name.
        pub const fn kind(&self) -> CommandKind {
            match *self {
                Self::Open(_) => CommandKind::Open,
                Self::r#Match(_) => CommandKind::r#Match,
            }
        }
    }
    #[automatically_derived]
    impl ::core::convert::From<OpenIt> for Command {
        fn from(__command: OpenIt) -> Self {
            Self::Open(__command)
        }
    }
    #[automatically_derived]
    impl ::core::convert::From<r#Match> for Command {
        fn from(__command: r#Match) -> Self {
            Self::r#Match(__command)
        }
    }
    /// Any command's outcome; serde writes it as the outcome alone.
    #[derive(::core::fmt::Debug)]
    pub(in super::super::house) enum Reply {
        ///The outcome of `Open`.
        Open(super::__IdemDoorT4),
        ///The outcome of `Match`.
        r#Match(()),
    }
    impl Reply {
        /// The name of the command that was answered.
        pub const fn kind(&self) -> CommandKind {
            match *self {
                Self::Open(_) => CommandKind::Open,
                Self::r#Match(_) => CommandKind::r#Match,
            }
        }
    }
    #[automatically_derived]
    impl crate::harmless::__private::serde::Serialize for Reply {
        fn serialize<__S: crate::harmless::__private::serde::Serializer>(
            &self,
            __serializer: __S,
        ) -> ::core::result::Result<__S::Ok, __S::Error> {
            match *self {
                Self::Open(ref __outcome) => {
                    Probe::<super::__IdemDoorT4>::serialize(__outcome, __serializer)
                }
                Self::r#Match(ref __outcome) => {
                    Probe::<()>::serialize(__outcome, __serializer)
                }
            }
        }
    }
    ///The states that `Match` may lead to.
    #[derive(
        ::core::fmt::Debug,
        ::core::clone::Clone,
        ::core::marker::Copy,
        ::core::cmp::PartialEq,
        ::core::cmp::Eq,
        ::core::hash::Hash
    )]
    pub(in super::super::house) enum MatchFromOpenTo {
        ///The state `Shut`.
        Shut(Shut),
        ///The state `Open`.
        Open(Open),
    }
    #[automatically_derived]
    impl ::core::convert::From<Shut> for MatchFromOpenTo {
        fn from(__state: Shut) -> Self {
            Self::Shut(__state)
        }
    }
    #[automatically_derived]
    impl ::core::convert::From<Open> for MatchFromOpenTo {
        fn from(__state: Open) -> Self {
            Self::Open(__state)
        }
    }
    #[automatically_derived]
    impl ::core::convert::From<MatchFromOpenTo> for super::Door {
        fn from(__state: MatchFromOpenTo) -> Self {
            match __state {
                MatchFromOpenTo::Shut(__state) => ::core::convert::Into::into(__state),
                MatchFromOpenTo::Open(__state) => ::core::convert::Into::into(__state),
            }
        }
    }
    /**The rules of `Door`: what each command makes of the state it finds.

A transition is pure: it answers with a `Step` and has no effect of its own, so it may run more than once for one effect.*/
    #[diagnostic::on_unimplemented(
        message = "`{Self}` does not implement the rules of `Door`",
        label = "not the rules of this machine",
        note = "`impl door_machine::Transitions for {Self}` says what each command does"
    )]
    pub(in super::super::house) trait Transitions: ::core::marker::Send + ::core::marker::Sync + 'static {
        /// Why a transition refuses. A rejection is not remembered: nothing is written and the key stays free.
        type Rejection: crate::harmless::error::Rejection;
        /**`Open` in `Shut`: leads to `Open`.

# Errors
The rejection, if the command is refused.*/
        fn open(
            &self,
            from: Shut,
            open: &OpenIt,
            cx: &crate::harmless::Context<'_>,
        ) -> ::core::result::Result<
            crate::harmless::Step<Open, super::__IdemDoorT4>,
            Self::Rejection,
        >;
        /**`Match` in `Shut`: leads to `Shut`.

# Errors
The rejection, if the command is refused.*/
        fn match_from_shut(
            &self,
            from: Shut,
            r#match: &r#Match,
            cx: &crate::harmless::Context<'_>,
        ) -> ::core::result::Result<crate::harmless::Step<Shut, ()>, Self::Rejection> {
            let _ = (from, r#match, cx);
            ::core::result::Result::Ok(crate::harmless::Step::to(Shut {}))
        }
        /**`Match` in `Open`: leads to `Shut` or `Open`.

# Errors
The rejection, if the command is refused.*/
        fn match_from_open(
            &self,
            from: Open,
            r#match: &r#Match,
            cx: &crate::harmless::Context<'_>,
        ) -> ::core::result::Result<
            crate::harmless::Step<MatchFromOpenTo, ()>,
            Self::Rejection,
        >;
    }
    #[doc(hidden)]
    pub(in super::super::house) struct Driver<R>(pub R);
    #[automatically_derived]
    impl<R> ::core::fmt::Debug for Driver<R> {
        fn fmt(&self, __f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
            __f.write_str("Driver")
        }
    }
    #[allow(unused_variables)]
    impl<R: Transitions> Driver<R> {
        fn open(
            &self,
            __from: super::Door,
            __command: &OpenIt,
            __cx: &crate::harmless::Context<'_>,
        ) -> ::core::option::Option<
            ::core::result::Result<
                crate::harmless::__private::Taken<super::Door>,
                R::Rejection,
            >,
        > {
            let __from = match __from {
                super::Door::Shut() => Shut(),
                #[allow(unreachable_patterns)]
                _ => return ::core::option::Option::None,
            };
            ::core::option::Option::Some(
                crate::harmless::__private::taken(
                    Transitions::open(&self.0, __from, __command, __cx),
                    Reply::Open,
                ),
            )
        }
        fn r#match(
            &self,
            __from: super::Door,
            __command: &r#Match,
            __cx: &crate::harmless::Context<'_>,
        ) -> ::core::option::Option<
            ::core::result::Result<
                crate::harmless::__private::Taken<super::Door>,
                R::Rejection,
            >,
        > {
            match __from {
                super::Door::Shut() => {
                    ::core::option::Option::Some(
                        crate::harmless::__private::taken(
                            Transitions::match_from_shut(
                                &self.0,
                                Shut(),
                                __command,
                                __cx,
                            ),
                            Reply::r#Match,
                        ),
                    )
                }
                super::Door::Open(__f0, __f1) => {
                    ::core::option::Option::Some(
                        crate::harmless::__private::taken(
                            Transitions::match_from_open(
                                &self.0,
                                Open(__f0, __f1),
                                __command,
                                __cx,
                            ),
                            Reply::r#Match,
                        ),
                    )
                }
                #[allow(unreachable_patterns)]
                _ => ::core::option::Option::None,
            }
        }
    }
    #[automatically_derived]
    impl<R: Transitions> crate::harmless::__private::Rules for Driver<R> {
        type Machine = super::Door;
        type Rejection = R::Rejection;
        #[allow(unused_variables)]
        fn run(
            &self,
            __from: super::Door,
            __command: &Command,
            __cx: &crate::harmless::Context<'_>,
        ) -> ::core::option::Option<
            ::core::result::Result<
                crate::harmless::__private::Taken<super::Door>,
                R::Rejection,
            >,
        > {
            match *__command {
                Command::Open(ref __command) => self.open(__from, __command, __cx),
                Command::r#Match(ref __command) => self.r#match(__from, __command, __cx),
            }
        }
    }
    #[automatically_derived]
    impl crate::harmless::__private::Machine for super::Door {
        type StateKind = StateKind;
        type Command = Command;
        type Reply = Reply;
        const GRAPH: &'static crate::harmless::__private::Graph = {
            #[allow(unused_imports)]
            use crate::harmless::__private::{
                CommandInfo, Edge, Graph, Repeat, StateInfo,
            };
            &Graph::__new(
                "house.door",
                &[
                    StateInfo::__new(
                        "Shut",
                        "shut",
                        &["Closed", "Locked"],
                        false,
                        false,
                    ),
                    StateInfo::__new("Open", "Open", &[], false, true),
                ],
                &[
                    CommandInfo::__new(
                        "Open",
                        "open",
                        &["Unlock"],
                        Repeat::PerVisit,
                        &["at"],
                    ),
                    CommandInfo::__new("Match", "Match", &[], Repeat::Ambiguous, &[]),
                ],
                &[
                    Edge::__new(0usize, 0usize, &[1usize]),
                    Edge::__new(0usize, 1usize, &[0usize]),
                    Edge::__new(1usize, 1usize, &[0usize, 1usize]),
                ],
                0usize,
            )
        };
        fn state(&self) -> usize {
            <StateKind as ::core::convert::From<&super::Door>>::from(self) as usize
        }
        fn kind(__state: usize) -> StateKind {
            match StateKind::__ALL.get(__state) {
                ::core::option::Option::Some(__kind) => *__kind,
                ::core::option::Option::None => StateKind::Shut,
            }
        }
        fn position(__kind: StateKind) -> usize {
            __kind as usize
        }
        fn bare(__state: usize) -> ::core::option::Option<Self> {
            match __state {
                0usize => ::core::option::Option::Some(super::Door::Shut {}),
                _ => ::core::option::Option::None,
            }
        }
        fn command(__command: &Command) -> usize {
            match *__command {
                Command::Open(_) => 0usize,
                Command::r#Match(_) => 1usize,
            }
        }
        fn write_payload(
            __command: &Command,
        ) -> ::core::result::Result<
            crate::harmless::__private::Stored,
            crate::harmless::__private::WireError,
        > {
            match *__command {
                Command::Open(ref __payload) => Probe::<OpenIt>::encode(__payload),
                Command::r#Match(ref __payload) => Probe::<r#Match>::encode(__payload),
            }
        }
        fn read_command(
            __command: usize,
            __payload: &crate::harmless::__private::Stored,
        ) -> ::core::result::Result<Command, crate::harmless::__private::WireError> {
            match __command {
                0usize => Probe::<OpenIt>::decode(__payload).map(Command::Open),
                1usize => Probe::<r#Match>::decode(__payload).map(Command::r#Match),
                _ => {
                    ::core::result::Result::Err(
                        crate::harmless::__private::WireError::Format(
                            ::core::option::Option::None,
                        ),
                    )
                }
            }
        }
        fn read_reply(
            __command: usize,
            __outcome: &crate::harmless::__private::Stored,
        ) -> ::core::result::Result<Reply, crate::harmless::__private::WireError> {
            match __command {
                0usize => {
                    Probe::<super::__IdemDoorT4>::decode(__outcome).map(Reply::Open)
                }
                1usize => Probe::<()>::decode(__outcome).map(Reply::r#Match),
                _ => {
                    ::core::result::Result::Err(
                        crate::harmless::__private::WireError::Format(
                            ::core::option::Option::None,
                        ),
                    )
                }
            }
        }
        fn copy_outcome(__reply: &Reply, __copy: &mut dyn ::core::any::Any) {
            match *__reply {
                Reply::Open(ref __outcome) => {
                    Probe::<super::__IdemDoorT4>::copy(__outcome, Reply::Open, __copy)
                }
                Reply::r#Match(ref __outcome) => {
                    Probe::<()>::copy(__outcome, Reply::r#Match, __copy)
                }
            }
        }
    }
    /// Whether `command` is legal in `state`.
    pub(in super::super::house) const fn guard(
        state: StateKind,
        command: CommandKind,
    ) -> bool {
        const LEGAL: [[u64; 1usize]; 2usize] = [[3u64], [2u64]];
        let command = command as usize;
        LEGAL[state as usize][command / 64usize] >> (command % 64usize) & 1 == 1
    }
    /// The commands that are legal in `state`.
    pub(in super::super::house) const fn allowed(
        state: StateKind,
    ) -> &'static [CommandKind] {
        match state {
            StateKind::Shut => &[CommandKind::Open, CommandKind::r#Match],
            StateKind::Open => &[CommandKind::r#Match],
        }
    }
    /// Why `command` is not legal in `state`, and what would be; `None` if it is legal.
    pub(in super::super::house) fn why_not(
        state: StateKind,
        command: CommandKind,
    ) -> ::core::option::Option<crate::harmless::__private::WhyNot> {
        if guard(state, command) {
            return ::core::option::Option::None;
        }
        let __allowed: &'static [&'static str] = match state {
            StateKind::Shut => &["open", "Match"],
            StateKind::Open => &["Match"],
        };
        let __legal_in: &'static [&'static str] = match command {
            CommandKind::Open => &["shut"],
            CommandKind::r#Match => &["shut", "Open"],
        };
        let __why = crate::harmless::__private::WhyNot::__new(
            state.name(),
            command.name(),
            __allowed,
            __legal_in,
        );
        ::core::option::Option::Some(__why)
    }
    /// The graph as a Mermaid state diagram.
    pub(in super::super::house) const fn mermaid() -> &'static str {
        "stateDiagram-v2\n    [*] --> Shut\n    Shut --> Open: Open\n    Shut --> Shut: Match\n    Open --> Shut: Match\n    Open --> Open: Match\n"
    }
    /// The graph as a Graphviz digraph.
    pub(in super::super::house) const fn dot() -> &'static str {
        "digraph \"Door\" {\n    rankdir=LR;\n    \"Shut\" [shape=ellipse, style=bold];\n    \"Open\" [shape=ellipse];\n    \"Shut\" -> \"Open\" [label=\"Open\"];\n    \"Shut\" -> \"Shut\" [label=\"Match\"];\n    \"Open\" -> \"Shut\" [label=\"Match\"];\n    \"Open\" -> \"Open\" [label=\"Match\"];\n}\n"
    }
    crate::harmless::__stored! {
        #[doc = r" All machines of this enum in one database. Cheap to clone."] pub (in
        super::super::house) struct Machines < DB : crate ::harmless::Database, R :
        Transitions > (crate ::harmless::machine::Machines < DB, Driver < R >>) where;
        #[automatically_derived] impl < DB : crate ::harmless::Database, R : Transitions
        > ::core::clone::Clone for Machines < DB, R > where { fn clone(& self) -> Self {
        Self(::core::clone::Clone::clone(& self.0)) } } #[automatically_derived] impl <
        DB : crate ::harmless::Database, R : Transitions > ::core::fmt::Debug for
        Machines < DB, R > where { fn fmt(& self, __f : & mut ::core::fmt::Formatter < '_
        >) -> ::core::fmt::Result { ::core::fmt::Debug::fmt(& self.0, __f) } }
        #[automatically_derived] impl < DB : crate ::harmless::Database, R : Transitions
        > ::core::ops::Deref for Machines < DB, R > where { type Target = crate
        ::harmless::machine::Machines < DB, Driver < R >>; fn deref(& self) -> &
        Self::Target { & self.0 } } impl < DB : crate ::harmless::Database, R :
        Transitions > Machines < DB, R > where { pub (super) fn __new(__idem : & crate
        ::harmless::Idem < DB >, __rules : R) -> Self { Self(crate
        ::harmless::machine::Machines::__new(__idem, Driver(__rules))) } #[doc =
        r" The machine called `id`, stored or not."] pub fn at(& self, id : impl
        ::core::convert::Into < ::std::string::String >) -> At < DB, R > { At(self.0
        .__at(id)) } } #[doc = r" One machine. Cheap to clone."] pub (in
        super::super::house) struct At < DB : crate ::harmless::Database, R : Transitions
        > (crate ::harmless::machine::At < DB, Driver < R >>) where;
        #[automatically_derived] impl < DB : crate ::harmless::Database, R : Transitions
        > ::core::clone::Clone for At < DB, R > where { fn clone(& self) -> Self {
        Self(::core::clone::Clone::clone(& self.0)) } } #[automatically_derived] impl <
        DB : crate ::harmless::Database, R : Transitions > ::core::fmt::Debug for At <
        DB, R > where { fn fmt(& self, __f : & mut ::core::fmt::Formatter < '_ >) ->
        ::core::fmt::Result { ::core::fmt::Debug::fmt(& self.0, __f) } }
        #[automatically_derived] impl < DB : crate ::harmless::Database, R : Transitions
        > ::core::ops::Deref for At < DB, R > where { type Target = crate
        ::harmless::machine::At < DB, Driver < R >>; fn deref(& self) -> & Self::Target {
        & self.0 } } impl < DB : crate ::harmless::Database, R : Transitions > At < DB, R
        > where { #[doc = r" Puts the machine into its initial state, once."] pub fn
        start(& self, initial : Shut) -> crate ::harmless::machine::Call < '_, (),
        R::Rejection > { self.0.__start(::core::convert::From::from(initial)) } #[doc =
        r" The machine inside the caller's transaction: what it does commits with the transaction."]
        pub fn within < 't > (& self, tx : & 't mut crate ::harmless::Tx < DB >) ->
        Within < 't, DB, R > { Within(self.0.__within(tx)) } #[doc =
        "The command `Open`; legal in `Shut`."] pub fn open(& self, key : impl crate
        ::harmless::__private::Named < OpenIt >, open : OpenIt) -> crate
        ::harmless::machine::Call < '_, super::__IdemDoorT4, R::Rejection > where for <
        'idem > super::__IdemDoorT4 : crate ::harmless::__private::State { self.0
        .__call(crate ::harmless::__private::Named::__key(key), Command::Open(open)) }
        #[doc = "The command `Match`; legal in `Shut` or `Open`."] pub fn r#match(& self,
        key : impl crate ::harmless::__private::Named < r#Match >, r#match : r#Match) ->
        crate ::harmless::machine::Call < '_, (), R::Rejection > { self.0.__call(crate
        ::harmless::__private::Named::__key(key), Command::r#Match(r#match)) } #[doc =
        r" Runs a command that was decoded from a wire, with a `&Key`, an `Option<&Key>`, or `Natural`. Without a key"]
        #[doc =
        r" it must be one that `Natural` could name, else the answer is `KeyRequired`."]
        pub fn apply < 'key > (& self, key : impl ::core::convert::Into <
        ::core::option::Option < & 'key crate ::harmless::Key >>, command : Command,) ->
        crate ::harmless::machine::Call < '_, Reply, R::Rejection > { let key :
        ::core::option::Option < & crate ::harmless::Key > =
        ::core::convert::Into::into(key); self.0.__apply(key.cloned(), command) } } #[doc
        = r" One machine inside the caller's transaction."] pub (in super::super::house)
        struct Within < 't, DB : crate ::harmless::Database, R : Transitions > (crate
        ::harmless::machine::Within < 't, DB, Driver < R >>) where;
        #[automatically_derived] impl < DB : crate ::harmless::Database, R : Transitions
        > ::core::fmt::Debug for Within < '_, DB, R > where { fn fmt(& self, __f : & mut
        ::core::fmt::Formatter < '_ >) -> ::core::fmt::Result { ::core::fmt::Debug::fmt(&
        self.0, __f) } } impl < 't, DB : crate ::harmless::Database, R : Transitions >
        Within < 't, DB, R > where { #[doc =
        r" Puts the machine into its initial state, once."] pub fn start(self, initial :
        Shut) -> crate ::harmless::machine::Call < 't, (), R::Rejection > { self.0
        .__start(::core::convert::From::from(initial)) } #[doc =
        r" The machine as the transaction sees it, locked until the transaction ends."]
        #[doc = r""] #[doc = r" # Errors"] #[doc =
        r" If the store cannot be reached or the state no longer decodes."] pub async fn
        get(self,) -> ::core::result::Result < ::core::option::Option < crate
        ::harmless::machine::StoredMachine < super::Door >>, crate ::harmless::Error, > {
        self.0.get(). await } #[doc = "The command `Open`; legal in `Shut`."] pub fn
        open(self, key : impl crate ::harmless::__private::Named < OpenIt >, open :
        OpenIt) -> crate ::harmless::machine::Call < 't, super::__IdemDoorT4,
        R::Rejection > where for < 'idem > super::__IdemDoorT4 : crate
        ::harmless::__private::State { self.0.__call(crate
        ::harmless::__private::Named::__key(key), Command::Open(open)) } #[doc =
        "The command `Match`; legal in `Shut` or `Open`."] pub fn r#match(self, key :
        impl crate ::harmless::__private::Named < r#Match >, r#match : r#Match) -> crate
        ::harmless::machine::Call < 't, (), R::Rejection > { self.0.__call(crate
        ::harmless::__private::Named::__key(key), Command::r#Match(r#match)) } #[doc =
        r" Runs a command that was decoded from a wire, with a `&Key`, an `Option<&Key>`, or `Natural`. Without a key"]
        #[doc =
        r" it must be one that `Natural` could name, else the answer is `KeyRequired`."]
        pub fn apply < 'key > (self, key : impl ::core::convert::Into <
        ::core::option::Option < & 'key crate ::harmless::Key >>, command : Command,) ->
        crate ::harmless::machine::Call < 't, Reply, R::Rejection > { let key :
        ::core::option::Option < & crate ::harmless::Key > =
        ::core::convert::Into::into(key); self.0.__apply(key.cloned(), command) } }
    }
    /// One machine in memory.
    pub(in super::super::house) struct InMemory<R: Transitions>(
        crate::harmless::machine::InMemory<Driver<R>>,
    );
    impl<R: Transitions> InMemory<R> {
        pub(super) fn __new(__rules: R, __initial: Shut) -> Self {
            Self(
                crate::harmless::machine::InMemory::__new(
                    Driver(__rules),
                    ::core::convert::From::from(__initial),
                ),
            )
        }
        ///The command `Open`; legal in `Shut`.
        pub fn open(
            &mut self,
            key: impl crate::harmless::__private::Named<OpenIt>,
            open: OpenIt,
        ) -> ::core::result::Result<
            crate::harmless::Outcome<super::__IdemDoorT4>,
            <R::Rejection as crate::harmless::error::Rejection>::Error,
        >
        where
            for<'idem> super::__IdemDoorT4: crate::harmless::__private::State,
        {
            self.0
                .__call(
                    crate::harmless::__private::Named::__key(key),
                    Command::Open(open),
                )
        }
        ///The command `Match`; legal in `Shut` or `Open`.
        pub fn r#match(
            &mut self,
            key: impl crate::harmless::__private::Named<r#Match>,
            r#match: r#Match,
        ) -> ::core::result::Result<
            crate::harmless::Outcome<()>,
            <R::Rejection as crate::harmless::error::Rejection>::Error,
        > {
            self.0
                .__call(
                    crate::harmless::__private::Named::__key(key),
                    Command::r#Match(r#match),
                )
        }
        /// Runs a command that was decoded from a wire, with a `&Key`, an `Option<&Key>`, or `Natural`. Without a key
        /// it must be one that `Natural` could name, else the answer is `KeyRequired`.
        pub fn apply<'key>(
            &mut self,
            key: impl ::core::convert::Into<
                ::core::option::Option<&'key crate::harmless::Key>,
            >,
            command: Command,
        ) -> ::core::result::Result<
            crate::harmless::Outcome<Reply>,
            <R::Rejection as crate::harmless::error::Rejection>::Error,
        > {
            let key: ::core::option::Option<&crate::harmless::Key> = ::core::convert::Into::into(
                key,
            );
            self.0.__apply(key.cloned(), command)
        }
    }
    #[automatically_derived]
    impl<R: Transitions> ::core::fmt::Debug for InMemory<R> {
        fn fmt(&self, __f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
            ::core::fmt::Debug::fmt(&self.0, __f)
        }
    }
    #[automatically_derived]
    impl<R: Transitions> ::core::ops::Deref for InMemory<R> {
        type Target = crate::harmless::machine::InMemory<Driver<R>>;
        fn deref(&self) -> &Self::Target {
            &self.0
        }
    }
    #[automatically_derived]
    impl<R: Transitions> ::core::ops::DerefMut for InMemory<R> {
        fn deref_mut(&mut self) -> &mut Self::Target {
            &mut self.0
        }
    }
    #[diagnostic::on_unimplemented(
        message = "[F305] `{Self}` is stored by a machine, so it needs serde",
        label = "neither written nor read back without `Serialize` and `Deserialize`",
        note = "fix: `#[derive(serde::Serialize, serde::Deserialize)]` on `{Self}`, which must own its data",
        note = "see docs/errors/F305.md"
    )]
    #[doc(hidden)]
    trait WithSerde {}
    #[diagnostic::do_not_recommend]
    impl<__T: crate::harmless::__private::State> WithSerde for __T {}
    const _: () = {
        const fn must_have_serde<__T: WithSerde>() {}
        must_have_serde::<super::__IdemDoorT2>();
        must_have_serde::<super::__IdemDoorT3>();
        must_have_serde::<super::__IdemDoorT4>();
    };
    #[doc(hidden)]
    #[allow(dead_code)]
    struct Probe<__T>(::core::marker::PhantomData<__T>);
    #[allow(dead_code)]
    impl<__T: crate::harmless::__private::State> Probe<__T> {
        fn encode(
            __value: &__T,
        ) -> ::core::result::Result<
            crate::harmless::__private::Stored,
            crate::harmless::__private::WireError,
        > {
            crate::harmless::__private::Stored::encode(__value)
        }
        fn decode(
            __stored: &crate::harmless::__private::Stored,
        ) -> ::core::result::Result<__T, crate::harmless::__private::WireError> {
            __stored.decode()
        }
        fn serialize<__S: crate::harmless::__private::serde::Serializer>(
            __value: &__T,
            __serializer: __S,
        ) -> ::core::result::Result<__S::Ok, __S::Error> {
            crate::harmless::__private::serde::Serialize::serialize(
                __value,
                __serializer,
            )
        }
    }
    #[allow(dead_code)]
    impl<__T: ::core::clone::Clone + 'static> Probe<__T> {
        fn copy(
            __outcome: &__T,
            __reply: fn(__T) -> Reply,
            __copy: &mut dyn ::core::any::Any,
        ) {
            crate::harmless::__private::copy_outcome(__outcome, __reply, __copy)
        }
    }
    #[doc(hidden)]
    #[allow(dead_code)]
    trait Unstored<__T> {
        fn encode(
            _: &__T,
        ) -> ::core::result::Result<
            crate::harmless::__private::Stored,
            crate::harmless::__private::WireError,
        > {
            ::core::result::Result::Err(
                crate::harmless::__private::WireError::Format(
                    ::core::option::Option::None,
                ),
            )
        }
        fn decode(
            _: &crate::harmless::__private::Stored,
        ) -> ::core::result::Result<__T, crate::harmless::__private::WireError> {
            ::core::result::Result::Err(
                crate::harmless::__private::WireError::Format(
                    ::core::option::Option::None,
                ),
            )
        }
        fn serialize<__S: crate::harmless::__private::serde::Serializer>(
            _: &__T,
            _: __S,
        ) -> ::core::result::Result<__S::Ok, __S::Error> {
            ::core::result::Result::Err(
                crate::harmless::__private::serde::ser::Error::custom("no serde"),
            )
        }
        fn copy(_: &__T, _: fn(__T) -> Reply, _: &mut dyn ::core::any::Any) {}
    }
    impl<__T> Unstored<__T> for Probe<__T> {}
}
