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
#[allow(non_camel_case_types, unused_qualifications)]
type F502_move_Door_out_of_the_function = Door;
#[allow(unreachable_pub, private_interfaces, clippy::pedantic)]
impl Door {
    crate::harmless::__stored! {
        { #[doc = r" The machines of this enum in a database."] pub (in super::house) fn
        stored < DB : crate ::harmless::Database, R : door_machine::Transitions > (idem :
        & crate ::harmless::Idem < DB >, rules : R,) -> door_machine::Repository < DB, R
        > where { door_machine::Repository::__new(idem, rules) } } else { #[doc(hidden)]
        #[allow(clippy::needless_pass_by_value)] pub (in super::house) fn stored < DB :
        crate ::harmless::__private::Store, R, __M > (idem : DB, _ : R) -> __M { idem
        .__never() } }
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
    #[allow(unused_imports)]
    use super::{
        F502_move_Door_out_of_the_function as __Machine, __IdemDoorT0, __IdemDoorT1,
        __IdemDoorT2, __IdemDoorT3, __IdemDoorT4,
    };
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
    impl ::core::convert::From<Shut> for __Machine {
        fn from(__state: Shut) -> Self {
            let Shut() = __state;
            __Machine::Shut()
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
    pub(in super::super::house) struct Open(pub __IdemDoorT0, pub __IdemDoorT1);
    #[automatically_derived]
    impl ::core::convert::From<Open> for __Machine {
        fn from(__state: Open) -> Self {
            let Open(__f0, __f1) = __state;
            __Machine::Open(__f0, __f1)
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
    impl ::core::convert::From<&__Machine> for StateKind {
        fn from(__state: &__Machine) -> Self {
            match *__state {
                __Machine::Shut { .. } => Self::Shut,
                __Machine::Open { .. } => Self::Open,
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
            serialize = "for<'idem> __IdemDoorT2: crate::harmless::__private::State, for<'idem> __IdemDoorT3: crate::harmless::__private::State",
            deserialize = "for<'idem> __IdemDoorT2: crate::harmless::__private::State, for<'idem> __IdemDoorT3: crate::harmless::__private::State"
        )
    )]
    pub(in super::super::house) struct OpenIt {
        ///`seen_at`, as the enum declares it.
        #[serde(rename = "at")]
        pub seen_at: __IdemDoorT2,
        ///`by`, as the enum declares it.
        pub by: __IdemDoorT3,
    }
    #[automatically_derived]
    impl crate::harmless::__private::Unambiguous for OpenIt {}
    #[automatically_derived]
    impl crate::harmless::__private::FirstCommand<Command> for OpenIt {
        type Outcome = __IdemDoorT4;
        fn __into_command(self) -> Command {
            Command::Open(self)
        }
    }
    ///The command `Match`.
    #[derive(::core::fmt::Debug, ::core::clone::Clone, ::core::cmp::PartialEq)]
    #[derive(
        crate::harmless::__private::serde::Serialize,
        crate::harmless::__private::serde::Deserialize
    )]
    #[serde(crate = "crate::harmless::__private::serde")]
    pub(in super::super::house) struct r#Match;
    #[automatically_derived]
    impl crate::harmless::__private::FirstCommand<Command> for r#Match {
        type Outcome = ();
        fn __into_command(self) -> Command {
            Command::r#Match(self)
        }
    }
    /// Any command; serde reads and writes it as `{"name": payload}`.
    #[derive(::core::fmt::Debug, ::core::clone::Clone, ::core::cmp::PartialEq)]
    #[derive(
        crate::harmless::__private::serde::Serialize,
        crate::harmless::__private::serde::Deserialize
    )]
    #[serde(
        crate = "crate::harmless::__private::serde",
        bound(
            serialize = "for<'idem> __IdemDoorT2: crate::harmless::__private::State, for<'idem> __IdemDoorT3: crate::harmless::__private::State",
            deserialize = "for<'idem> __IdemDoorT2: crate::harmless::__private::State, for<'idem> __IdemDoorT3: crate::harmless::__private::State"
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
    #[automatically_derived]
    impl crate::harmless::__private::Unambiguous for Command {}
    #[automatically_derived]
    impl crate::harmless::__private::Unambiguous for Shut {}
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
        Open(__IdemDoorT4),
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
                    Probe::<__IdemDoorT4>::serialize(__outcome, __serializer)
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
    impl crate::harmless::__private::Targets for MatchFromOpenTo {
        type States = (Shut, Open);
    }
    #[automatically_derived]
    impl ::core::convert::From<MatchFromOpenTo> for __Machine {
        fn from(__state: MatchFromOpenTo) -> Self {
            match __state {
                MatchFromOpenTo::Shut(__state) => ::core::convert::Into::into(__state),
                MatchFromOpenTo::Open(__state) => ::core::convert::Into::into(__state),
            }
        }
    }
    #[automatically_derived]
    impl crate::harmless::__private::Targets for Shut {
        type States = Shut;
    }
    #[automatically_derived]
    impl crate::harmless::__private::Targets for Open {
        type States = Open;
    }
    /**The rules of `Door`: what each command makes of the state it finds.

A transition is pure: it answers with a `Step` and has no effect of its own, so it may run more than once for one effect.*/
    pub(in super::super::house) trait Transitions: ::core::marker::Send + ::core::marker::Sync + 'static {
        /// Why a transition refuses. Nothing is written and the key stays free, unless the command says
        /// `remember_rejections`: then its key remembers the rejection.
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
            crate::harmless::Step<Open, __IdemDoorT4>,
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
            __from: __Machine,
            __command: &OpenIt,
            __cx: &crate::harmless::Context<'_>,
        ) -> ::core::option::Option<
            ::core::result::Result<
                crate::harmless::__private::Taken<__Machine>,
                R::Rejection,
            >,
        > {
            let __from = match __from {
                __Machine::Shut() => Shut(),
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
            __from: __Machine,
            __command: &r#Match,
            __cx: &crate::harmless::Context<'_>,
        ) -> ::core::option::Option<
            ::core::result::Result<
                crate::harmless::__private::Taken<__Machine>,
                R::Rejection,
            >,
        > {
            match __from {
                __Machine::Shut() => {
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
                __Machine::Open(__f0, __f1) => {
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
    #[allow(unused_variables)]
    #[automatically_derived]
    impl<R: Transitions> crate::harmless::__private::Rules for Driver<R> {
        type Machine = __Machine;
        type Rejection = R::Rejection;
        fn run(
            &self,
            __from: __Machine,
            __command: &Command,
            __cx: &crate::harmless::Context<'_>,
        ) -> ::core::option::Option<
            ::core::result::Result<
                crate::harmless::__private::Taken<__Machine>,
                R::Rejection,
            >,
        > {
            match *__command {
                Command::Open(ref __command) => self.open(__from, __command, __cx),
                Command::r#Match(ref __command) => self.r#match(__from, __command, __cx),
            }
        }
        fn write_rejection(
            __rejection: &R::Rejection,
        ) -> ::core::result::Result<
            crate::harmless::__private::Stored,
            crate::harmless::__private::WireError,
        > {
            ::core::result::Result::Err(
                crate::harmless::__private::WireError::NoRejections,
            )
        }
        fn read_rejection(
            __stored: &crate::harmless::__private::Stored,
        ) -> ::core::result::Result<
            R::Rejection,
            crate::harmless::__private::WireError,
        > {
            ::core::result::Result::Err(
                crate::harmless::__private::WireError::NoRejections,
            )
        }
    }
    #[automatically_derived]
    impl crate::harmless::__private::Machine for __Machine {
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
                        false,
                        &["at"],
                    ),
                    CommandInfo::__new(
                        "Match",
                        "Match",
                        &[],
                        Repeat::Ambiguous,
                        false,
                        &[],
                    ),
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
            <StateKind as ::core::convert::From<&__Machine>>::from(self) as usize
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
                0usize => ::core::option::Option::Some(__Machine::Shut {}),
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
                0usize => Probe::<__IdemDoorT4>::decode(__outcome).map(Reply::Open),
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
                    Probe::<__IdemDoorT4>::copy(__outcome, Reply::Open, __copy)
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
        { #[doc = r" All machines of this enum in one database. Cheap to clone."] pub (in
        super::super::house) struct Repository < DB : crate ::harmless::Database, R :
        Transitions > (crate ::harmless::machine::Repository < DB, Driver < R >>) where;
        #[automatically_derived] impl < DB : crate ::harmless::Database, R : Transitions
        > ::core::clone::Clone for Repository < DB, R > where { fn clone(& self) -> Self
        { Self(::core::clone::Clone::clone(& self.0)) } } #[automatically_derived] impl <
        DB : crate ::harmless::Database, R : Transitions > ::core::fmt::Debug for
        Repository < DB, R > where { fn fmt(& self, __f : & mut ::core::fmt::Formatter <
        '_ >) -> ::core::fmt::Result { ::core::fmt::Debug::fmt(& self.0, __f) } }
        #[automatically_derived] impl < DB : crate ::harmless::Database, R : Transitions
        > ::core::ops::Deref for Repository < DB, R > where { type Target = crate
        ::harmless::machine::Repository < DB, Driver < R >>; fn deref(& self) -> &
        Self::Target { & self.0 } } impl < DB : crate ::harmless::Database, R :
        Transitions > Repository < DB, R > where { pub (super) fn __new(__idem : & crate
        ::harmless::Idem < DB >, __rules : R) -> Self { Self(crate
        ::harmless::machine::Repository::__new(__idem, Driver(__rules))) } #[doc =
        r" The machine called `id`, stored or not."] pub fn at(& self, id : impl
        ::core::convert::Into < ::std::string::String >) -> Handle < DB, R > {
        Handle(self.0.__at(id)) } } #[doc =
        r" One machine. Cheap to clone. Errors and cancel safety of its calls: see `idem_core::machine::Call`."]
        pub (in super::super::house) struct Handle < DB : crate ::harmless::Database, R :
        Transitions > (crate ::harmless::machine::Handle < DB, Driver < R >>) where;
        #[automatically_derived] impl < DB : crate ::harmless::Database, R : Transitions
        > ::core::clone::Clone for Handle < DB, R > where { fn clone(& self) -> Self {
        Self(::core::clone::Clone::clone(& self.0)) } } #[automatically_derived] impl <
        DB : crate ::harmless::Database, R : Transitions > ::core::fmt::Debug for Handle
        < DB, R > where { fn fmt(& self, __f : & mut ::core::fmt::Formatter < '_ >) ->
        ::core::fmt::Result { ::core::fmt::Debug::fmt(& self.0, __f) } }
        #[automatically_derived] impl < DB : crate ::harmless::Database, R : Transitions
        > ::core::ops::Deref for Handle < DB, R > where { type Target = crate
        ::harmless::machine::Handle < DB, Driver < R >>; fn deref(& self) -> &
        Self::Target { & self.0 } } impl < DB : crate ::harmless::Database, R :
        Transitions > Handle < DB, R > where { #[doc =
        r" Puts the machine into its initial state, once."] pub fn start(& self, key :
        impl crate ::harmless::__private::KeyOrNatural < Shut >, initial : Shut,) ->
        crate ::harmless::machine::Call < '_, (), StateKind, R::Rejection > { self.0
        .__start(crate ::harmless::__private::KeyOrNatural:: < Shut > ::__key(key),
        ::core::convert::From::from(initial),) } #[doc =
        r" Puts the machine into its initial state and runs a command, under one key: both happen, or neither. On a"]
        #[doc = r" machine that was started with the same data the command runs alone."]
        pub fn start_and < C : crate ::harmless::__private::FirstCommand < Command,
        Outcome : crate ::harmless::__private::State >> (& self, key : & crate
        ::harmless::Key, initial : Shut, command : C,) -> crate ::harmless::machine::Call
        < '_, C::Outcome, StateKind, R::Rejection > { self.0.__start_and(key,
        ::core::convert::From::from(initial), command) } #[doc =
        r" The machine inside the caller's transaction: what it does commits with the transaction."]
        pub fn within < 't > (& self, tx : & 't mut crate ::harmless::Tx < DB >) -> InTx
        < 't, DB, R > { InTx(self.0.__within(tx)) } #[doc =
        "The command `Open`; legal in `Shut`."] pub fn open(& self, key : impl crate
        ::harmless::__private::KeyOrNatural < OpenIt >, open : OpenIt) -> crate
        ::harmless::machine::Call < '_, __IdemDoorT4, StateKind, R::Rejection > where for
        < 'idem > __IdemDoorT4 : crate ::harmless::__private::State { self.0.__call(crate
        ::harmless::__private::KeyOrNatural:: < OpenIt > ::__key(key),
        Command::Open(open)) } #[doc = "The command `Match`; legal in `Shut` or `Open`."]
        pub fn r#match(& self, key : impl crate ::harmless::__private::KeyOrNatural <
        r#Match >) -> crate ::harmless::machine::Call < '_, (), StateKind, R::Rejection >
        { self.0.__call(crate ::harmless::__private::KeyOrNatural:: < r#Match >
        ::__key(key), Command::r#Match(r#Match {})) } #[doc =
        r" Runs a command that is known when the program runs, with a `&Key`, an `Option<&Key>`, or `Natural`. Without a"]
        #[doc =
        r" key it must be one that `Natural` could name, else the answer is `KeyRequired`."]
        pub fn apply(& self, key : impl crate ::harmless::__private::KeyOrNatural <
        Command >, command : Command,) -> crate ::harmless::machine::Call < '_, Reply,
        StateKind, R::Rejection > { self.0.__apply(crate
        ::harmless::__private::KeyOrNatural:: < Command > ::__key(key), command) } }
        #[doc =
        r" One machine inside the caller's transaction. Errors and cancel safety of its calls: see"]
        #[doc = r" `idem_core::machine::Call`."] pub (in super::super::house) struct InTx
        < 't, DB : crate ::harmless::Database, R : Transitions > (crate
        ::harmless::machine::InTx < 't, DB, Driver < R >>) where;
        #[automatically_derived] impl < DB : crate ::harmless::Database, R : Transitions
        > ::core::fmt::Debug for InTx < '_, DB, R > where { fn fmt(& self, __f : & mut
        ::core::fmt::Formatter < '_ >) -> ::core::fmt::Result { ::core::fmt::Debug::fmt(&
        self.0, __f) } } impl < 't, DB : crate ::harmless::Database, R : Transitions >
        InTx < 't, DB, R > where { #[doc =
        r" Puts the machine into its initial state, once."] pub fn start(self, key : impl
        crate ::harmless::__private::KeyOrNatural < Shut >, initial : Shut,) -> crate
        ::harmless::machine::Call < 't, (), StateKind, R::Rejection > { self.0
        .__start(crate ::harmless::__private::KeyOrNatural:: < Shut > ::__key(key),
        ::core::convert::From::from(initial),) } #[doc =
        r" Puts the machine into its initial state and runs a command, under one key: both happen, or neither. On a"]
        #[doc = r" machine that was started with the same data the command runs alone."]
        pub fn start_and < C : crate ::harmless::__private::FirstCommand < Command,
        Outcome : crate ::harmless::__private::State >> (self, key : & crate
        ::harmless::Key, initial : Shut, command : C,) -> crate ::harmless::machine::Call
        < 't, C::Outcome, StateKind, R::Rejection > { self.0.__start_and(key,
        ::core::convert::From::from(initial), command) } #[doc =
        r" The machine as the transaction sees it, locked until the transaction ends."]
        #[doc = r""] #[doc = r" # Errors"] #[doc =
        r" If the store cannot be reached or the state no longer decodes."] #[doc = r""]
        #[doc = r" # Cancel safety"] #[doc =
        r" Dropped while it waits for the database, it leaves the transaction broken: see `idem_core::Tx`."]
        pub async fn get(self,) -> ::core::result::Result < ::core::option::Option <
        crate ::harmless::machine::StoredMachine < __Machine >>, crate ::harmless::Error,
        > { self.0.get(). await } #[doc = "The command `Open`; legal in `Shut`."] pub fn
        open(self, key : impl crate ::harmless::__private::KeyOrNatural < OpenIt >, open
        : OpenIt) -> crate ::harmless::machine::Call < 't, __IdemDoorT4, StateKind,
        R::Rejection > where for < 'idem > __IdemDoorT4 : crate
        ::harmless::__private::State { self.0.__call(crate
        ::harmless::__private::KeyOrNatural:: < OpenIt > ::__key(key),
        Command::Open(open)) } #[doc = "The command `Match`; legal in `Shut` or `Open`."]
        pub fn r#match(self, key : impl crate ::harmless::__private::KeyOrNatural <
        r#Match >) -> crate ::harmless::machine::Call < 't, (), StateKind, R::Rejection >
        { self.0.__call(crate ::harmless::__private::KeyOrNatural:: < r#Match >
        ::__key(key), Command::r#Match(r#Match {})) } #[doc =
        r" Runs a command that is known when the program runs, with a `&Key`, an `Option<&Key>`, or `Natural`. Without a"]
        #[doc =
        r" key it must be one that `Natural` could name, else the answer is `KeyRequired`."]
        pub fn apply(self, key : impl crate ::harmless::__private::KeyOrNatural < Command
        >, command : Command,) -> crate ::harmless::machine::Call < 't, Reply, StateKind,
        R::Rejection > { self.0.__apply(crate ::harmless::__private::KeyOrNatural:: <
        Command > ::__key(key), command) } } }
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
            key: impl crate::harmless::__private::KeyOrNatural<OpenIt>,
            open: OpenIt,
        ) -> ::core::result::Result<
            crate::harmless::Outcome<__IdemDoorT4, StateKind>,
            <R::Rejection as crate::harmless::error::Rejection>::Error,
        >
        where
            for<'idem> __IdemDoorT4: crate::harmless::__private::State,
        {
            self.0
                .__call(
                    crate::harmless::__private::KeyOrNatural::<OpenIt>::__key(key),
                    Command::Open(open),
                )
        }
        ///The command `Match`; legal in `Shut` or `Open`.
        pub fn r#match(
            &mut self,
            key: impl crate::harmless::__private::KeyOrNatural<r#Match>,
        ) -> ::core::result::Result<
            crate::harmless::Outcome<(), StateKind>,
            <R::Rejection as crate::harmless::error::Rejection>::Error,
        > {
            self.0
                .__call(
                    crate::harmless::__private::KeyOrNatural::<r#Match>::__key(key),
                    Command::r#Match(r#Match {}),
                )
        }
        /// Runs a command that is known when the program runs, with a `&Key`, an `Option<&Key>`, or `Natural`. Without a
        /// key it must be one that `Natural` could name, else the answer is `KeyRequired`.
        pub fn apply(
            &mut self,
            key: impl crate::harmless::__private::KeyOrNatural<Command>,
            command: Command,
        ) -> ::core::result::Result<
            crate::harmless::Outcome<Reply, StateKind>,
            <R::Rejection as crate::harmless::error::Rejection>::Error,
        > {
            self.0
                .__apply(
                    crate::harmless::__private::KeyOrNatural::<Command>::__key(key),
                    command,
                )
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
    /// What commands from outside leave to their receiver: facts that a client must not choose.
    pub(in super::super::house) trait Facts {
        ///The facts of `Open`, looked up for this request.
        fn open(&self, open: &wire::OpenIt) -> facts::OpenIt;
    }
    /// The facts of each command that has any.
    pub(in super::super::house) mod facts {
        ///The facts of `Open`.
        #[derive(::core::fmt::Debug, ::core::clone::Clone, ::core::cmp::PartialEq)]
        pub(in super::super::super::house) struct OpenIt {
            ///`seen_at`, as the enum declares it.
            pub seen_at: super::__IdemDoorT2,
        }
    }
    /// Commands as they come from outside. Read a request into [`Command`](wire::Command), and complete it.
    pub(in super::super::house) mod wire {
        #[allow(unused_imports)]
        use super::Unstored as _;
        ///The command `Open` as it comes from outside.
        #[derive(::core::fmt::Debug, ::core::clone::Clone, ::core::cmp::PartialEq)]
        #[derive(
            crate::harmless::__private::serde::Serialize,
            crate::harmless::__private::serde::Deserialize
        )]
        #[serde(
            crate = "crate::harmless::__private::serde",
            bound(
                serialize = "for<'idem> super::__IdemDoorT3: crate::harmless::__private::State",
                deserialize = "for<'idem> super::__IdemDoorT3: crate::harmless::__private::State"
            )
        )]
        #[serde(deny_unknown_fields)]
        pub(in super::super::super::house) struct OpenIt {
            ///`by`, as the enum declares it.
            pub by: super::__IdemDoorT3,
        }
        /// A command from outside: none that is internal, without facts, and without members that it does not have.
        ///
        /// serde reads `{"name": payload}`, and where nothing is carried also `"name"`, `{"name": null}` and
        /// `{"name": {}}`.
        #[derive(::core::fmt::Debug, ::core::clone::Clone, ::core::cmp::PartialEq)]
        #[derive(crate::harmless::__private::serde::Serialize)]
        #[serde(
            crate = "crate::harmless::__private::serde",
            bound(
                serialize = "for<'idem> super::__IdemDoorT3: crate::harmless::__private::State",
                deserialize = "for<'idem> super::__IdemDoorT3: crate::harmless::__private::State"
            )
        )]
        pub(in super::super::super::house) enum Command {
            ///The command `Open`.
            #[serde(rename = "open")]
            Open(OpenIt),
            ///The command `Match`.
            #[serde(rename = "Match")]
            r#Match,
        }
        impl Command {
            /// The command's name.
            pub const fn kind(&self) -> super::CommandKind {
                match *self {
                    Self::Open { .. } => super::CommandKind::Open,
                    Self::r#Match { .. } => super::CommandKind::r#Match,
                }
            }
            /// The command with its facts, as `apply` takes it.
            pub fn complete(self, __facts: &impl super::Facts) -> super::Command {
                match self {
                    Self::Open(__given) => {
                        let __found = super::Facts::open(__facts, &__given);
                        super::Command::Open(super::OpenIt {
                            by: __given.by,
                            seen_at: __found.seen_at,
                        })
                    }
                    Self::r#Match => super::Command::r#Match(super::r#Match {}),
                }
            }
        }
        #[automatically_derived]
        impl<'de> crate::harmless::__private::OutsideCommands<'de> for Command {
            const NAMES: &'static [&'static str] = &["open", "Match"];
            fn position(__name: &str) -> ::core::option::Option<usize> {
                match __name {
                    "open" | "Unlock" => ::core::option::Option::Some(0usize),
                    "Match" => ::core::option::Option::Some(1usize),
                    _ => ::core::option::Option::None,
                }
            }
            fn read<__D: crate::harmless::__private::serde::Deserializer<'de>>(
                __position: usize,
                __payload: __D,
            ) -> ::core::result::Result<Self, __D::Error> {
                match __position {
                    0usize => super::Probe::<OpenIt>::read(__payload).map(Self::Open),
                    1usize => {
                        <crate::harmless::__private::Nothing as crate::harmless::__private::serde::Deserialize>::deserialize(
                                __payload,
                            )
                            .map(|_| Self::r#Match)
                    }
                    _ => {
                        ::core::result::Result::Err(
                            <__D::Error as crate::harmless::__private::serde::de::Error>::custom(
                                "no command",
                            ),
                        )
                    }
                }
            }
        }
        #[automatically_derived]
        impl<'de> crate::harmless::__private::serde::Deserialize<'de> for Command {
            fn deserialize<__D: crate::harmless::__private::serde::Deserializer<'de>>(
                __deserializer: __D,
            ) -> ::core::result::Result<Self, __D::Error> {
                crate::harmless::__private::read_outside_command(__deserializer)
            }
        }
    }
    const _: () = {
        crate::harmless::__private::must_have_serde::<__IdemDoorT2>();
        crate::harmless::__private::must_have_serde::<__IdemDoorT3>();
        crate::harmless::__private::must_have_serde::<__IdemDoorT4>();
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
        pub(super) fn read<
            'de,
            __D: crate::harmless::__private::serde::Deserializer<'de>,
        >(__payload: __D) -> ::core::result::Result<__T, __D::Error> {
            crate::harmless::__private::serde::Deserialize::deserialize(__payload)
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
        fn read<'de, __D: crate::harmless::__private::serde::Deserializer<'de>>(
            _: __D,
        ) -> ::core::result::Result<__T, __D::Error> {
            ::core::result::Result::Err(
                crate::harmless::__private::serde::de::Error::custom("no serde"),
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
