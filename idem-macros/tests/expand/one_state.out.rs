#[allow(unreachable_pub, private_interfaces, clippy::pedantic)]
impl Rock {
    ::idem_core::__stored! {
        #[doc = r" The machines of this enum in a database."] fn stored < DB :
        ::idem_core::Database, R : rock::Transitions > (idem : & ::idem_core::Idem < DB
        >, rules : R,) -> rock::Machines < DB, R > where { rock::Machines::__new(idem,
        rules) }
    }
    /// One machine in memory, without a database: the same rules.
    fn in_memory<R: rock::Transitions>(
        rules: R,
        initial: rock::Still,
    ) -> rock::InMemory<R> {
        rock::InMemory::__new(rules, initial)
    }
}
/**What `#[idempotent_fsm]` makes of `Rock`: its states and commands as types, its rules, its handles.

```mermaid
stateDiagram-v2
    [*] --> Still
    Still --> [*]
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
mod rock {
    ///The state `Still`.
    #[derive(::core::clone::Clone)]
    pub(super) struct Still;
    #[automatically_derived]
    impl ::core::convert::From<Still> for super::Rock {
        fn from(__state: Still) -> Self {
            let Still = __state;
            super::Rock::Still
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
    pub(super) enum StateKind {
        ///The state `Still`.
        Still,
    }
    impl StateKind {
        const __ALL: &'static [Self] = &[Self::Still];
        ///Every state, in the order of the source.
        pub const ALL: &'static [Self] = Self::__ALL;
        ///The state's name on the wire.
        pub const fn name(self) -> &'static str {
            match self {
                Self::Still => "Still",
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
    impl ::core::convert::From<&super::Rock> for StateKind {
        fn from(__state: &super::Rock) -> Self {
            match *__state {
                super::Rock::Still { .. } => Self::Still,
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
    pub(super) enum CommandKind {}
    impl CommandKind {
        const __ALL: &'static [Self] = &[];
        ///Every command, in the order of the source.
        pub const ALL: &'static [Self] = Self::__ALL;
        ///The command's name on the wire.
        pub const fn name(self) -> &'static str {
            match self {}
        }
    }
    #[automatically_derived]
    impl ::core::fmt::Display for CommandKind {
        fn fmt(&self, __f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
            __f.pad(self.name())
        }
    }
    /// Any command; serde reads and writes it as `{"name": payload}`.
    #[derive(::core::clone::Clone)]
    #[derive(
        ::idem_core::__private::serde::Serialize,
        ::idem_core::__private::serde::Deserialize
    )]
    #[serde(crate = "::idem_core::__private::serde")]
    pub(super) enum Command {}
    impl Command {
        /// The command's name.
        pub const fn kind(&self) -> CommandKind {
            match *self {}
        }
    }
    /// Any command's outcome; serde writes it as the outcome alone.
    #[derive()]
    pub(super) enum Reply {}
    impl Reply {
        /// The name of the command that was answered.
        pub const fn kind(&self) -> CommandKind {
            match *self {}
        }
    }
    #[automatically_derived]
    impl ::idem_core::__private::serde::Serialize for Reply {
        fn serialize<__S: ::idem_core::__private::serde::Serializer>(
            &self,
            __serializer: __S,
        ) -> ::core::result::Result<__S::Ok, __S::Error> {
            match *self {}
        }
    }
    /**The rules of `Rock`: what each command makes of the state it finds.

A transition is pure: it answers with a `Step` and has no effect of its own, so it may run more than once for one effect.*/
    #[diagnostic::on_unimplemented(
        message = "`{Self}` does not implement the rules of `Rock`",
        label = "not the rules of this machine",
        note = "`impl rock::Transitions for {Self}` says what each command does"
    )]
    pub(super) trait Transitions: ::core::marker::Send + ::core::marker::Sync + 'static {
        /// Why a transition refuses. A rejection is not remembered: nothing is written and the key stays free.
        type Rejection: ::idem_core::error::Rejection;
    }
    #[automatically_derived]
    impl Transitions for () {
        type Rejection = ::idem_core::Never;
    }
    #[doc(hidden)]
    pub(super) struct Driver<R>(pub R);
    #[automatically_derived]
    impl<R> ::core::fmt::Debug for Driver<R> {
        fn fmt(&self, __f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
            __f.write_str("Driver")
        }
    }
    #[allow(unused_variables)]
    impl<R: Transitions> Driver<R> {}
    #[automatically_derived]
    impl<R: Transitions> ::idem_core::__private::Rules for Driver<R> {
        type Machine = super::Rock;
        type Rejection = R::Rejection;
        #[allow(unused_variables)]
        fn run(
            &self,
            __from: super::Rock,
            __command: &Command,
            __cx: &::idem_core::Context<'_>,
        ) -> ::core::option::Option<
            ::core::result::Result<
                ::idem_core::__private::Taken<super::Rock>,
                R::Rejection,
            >,
        > {
            match *__command {}
        }
    }
    #[automatically_derived]
    impl ::idem_core::__private::Machine for super::Rock {
        type StateKind = StateKind;
        type Command = Command;
        type Reply = Reply;
        const GRAPH: &'static ::idem_core::__private::Graph = {
            #[allow(unused_imports)]
            use ::idem_core::__private::{CommandInfo, Edge, Graph, Repeat, StateInfo};
            &Graph::__new(
                "Rock",
                &[StateInfo::__new("Still", "Still", &[], true, false)],
                &[],
                &[],
                0usize,
            )
        };
        fn state(&self) -> usize {
            <StateKind as ::core::convert::From<&super::Rock>>::from(self) as usize
        }
        fn kind(__state: usize) -> StateKind {
            match StateKind::__ALL.get(__state) {
                ::core::option::Option::Some(__kind) => *__kind,
                ::core::option::Option::None => StateKind::Still,
            }
        }
        fn position(__kind: StateKind) -> usize {
            __kind as usize
        }
        fn bare(__state: usize) -> ::core::option::Option<Self> {
            match __state {
                0usize => ::core::option::Option::Some(super::Rock::Still {}),
                _ => ::core::option::Option::None,
            }
        }
        fn command(__command: &Command) -> usize {
            match *__command {}
        }
        fn write_payload(
            __command: &Command,
        ) -> ::core::result::Result<
            ::idem_core::__private::Stored,
            ::idem_core::__private::WireError,
        > {
            match *__command {}
        }
        fn read_command(
            __command: usize,
            __payload: &::idem_core::__private::Stored,
        ) -> ::core::result::Result<Command, ::idem_core::__private::WireError> {
            match __command {
                _ => {
                    ::core::result::Result::Err(
                        ::idem_core::__private::WireError::Format(
                            ::core::option::Option::None,
                        ),
                    )
                }
            }
        }
        fn read_reply(
            __command: usize,
            __outcome: &::idem_core::__private::Stored,
        ) -> ::core::result::Result<Reply, ::idem_core::__private::WireError> {
            match __command {
                _ => {
                    ::core::result::Result::Err(
                        ::idem_core::__private::WireError::Format(
                            ::core::option::Option::None,
                        ),
                    )
                }
            }
        }
        fn copy_outcome(__reply: &Reply, __copy: &mut dyn ::core::any::Any) {
            match *__reply {}
        }
    }
    /// Whether `command` is legal in `state`: there is none.
    pub(super) const fn guard(state: StateKind, command: CommandKind) -> bool {
        let _ = state;
        match command {}
    }
    /// The commands that are legal in `state`.
    pub(super) const fn allowed(state: StateKind) -> &'static [CommandKind] {
        match state {
            StateKind::Still => &[],
        }
    }
    /// Why `command` is not legal in `state`, and what would be; `None` if it is legal.
    pub(super) fn why_not(
        state: StateKind,
        command: CommandKind,
    ) -> ::core::option::Option<::idem_core::__private::WhyNot> {
        {
            let _ = state;
            match command {}
        }
    }
    /// The graph as a Mermaid state diagram.
    pub(super) const fn mermaid() -> &'static str {
        "stateDiagram-v2\n    [*] --> Still\n    Still --> [*]\n"
    }
    /// The graph as a Graphviz digraph.
    pub(super) const fn dot() -> &'static str {
        "digraph \"Rock\" {\n    rankdir=LR;\n    \"Still\" [shape=doublecircle, style=bold];\n}\n"
    }
    ::idem_core::__stored! {
        #[doc = r" All machines of this enum in one database. Cheap to clone."] pub
        (super) struct Machines < DB : ::idem_core::Database, R : Transitions >
        (::idem_core::machine::Machines < DB, Driver < R >>) where;
        #[automatically_derived] impl < DB : ::idem_core::Database, R : Transitions >
        ::core::clone::Clone for Machines < DB, R > where { fn clone(& self) -> Self {
        Self(::core::clone::Clone::clone(& self.0)) } } #[automatically_derived] impl <
        DB : ::idem_core::Database, R : Transitions > ::core::fmt::Debug for Machines <
        DB, R > where { fn fmt(& self, __f : & mut ::core::fmt::Formatter < '_ >) ->
        ::core::fmt::Result { ::core::fmt::Debug::fmt(& self.0, __f) } }
        #[automatically_derived] impl < DB : ::idem_core::Database, R : Transitions >
        ::core::ops::Deref for Machines < DB, R > where { type Target =
        ::idem_core::machine::Machines < DB, Driver < R >>; fn deref(& self) -> &
        Self::Target { & self.0 } } impl < DB : ::idem_core::Database, R : Transitions >
        Machines < DB, R > where { pub (super) fn __new(__idem : & ::idem_core::Idem < DB
        >, __rules : R) -> Self { Self(::idem_core::machine::Machines::__new(__idem,
        Driver(__rules))) } #[doc = r" The machine called `id`, stored or not."] pub fn
        at(& self, id : impl ::core::convert::Into < ::std::string::String >) -> At < DB,
        R > { At(self.0.__at(id)) } } #[doc = r" One machine. Cheap to clone."] pub
        (super) struct At < DB : ::idem_core::Database, R : Transitions >
        (::idem_core::machine::At < DB, Driver < R >>) where; #[automatically_derived]
        impl < DB : ::idem_core::Database, R : Transitions > ::core::clone::Clone for At
        < DB, R > where { fn clone(& self) -> Self { Self(::core::clone::Clone::clone(&
        self.0)) } } #[automatically_derived] impl < DB : ::idem_core::Database, R :
        Transitions > ::core::fmt::Debug for At < DB, R > where { fn fmt(& self, __f : &
        mut ::core::fmt::Formatter < '_ >) -> ::core::fmt::Result {
        ::core::fmt::Debug::fmt(& self.0, __f) } } #[automatically_derived] impl < DB :
        ::idem_core::Database, R : Transitions > ::core::ops::Deref for At < DB, R >
        where { type Target = ::idem_core::machine::At < DB, Driver < R >>; fn deref(&
        self) -> & Self::Target { & self.0 } } impl < DB : ::idem_core::Database, R :
        Transitions > At < DB, R > where { #[doc =
        r" Puts the machine into its initial state, once."] pub fn start(& self, initial
        : Still) -> ::idem_core::machine::Call < '_, (), R::Rejection > { self.0
        .__start(::core::convert::From::from(initial)) } #[doc =
        r" The machine inside the caller's transaction: what it does commits with the transaction."]
        pub fn within < 't > (& self, tx : & 't mut ::idem_core::Tx < DB >) -> Within <
        't, DB, R > { Within(self.0.__within(tx)) } #[doc =
        r" Runs a command that was decoded from a wire, with a `&Key`, an `Option<&Key>`, or `Natural`. Without a key"]
        #[doc =
        r" it must be one that `Natural` could name, else the answer is `KeyRequired`."]
        pub fn apply < 'key > (& self, key : impl ::core::convert::Into <
        ::core::option::Option < & 'key::idem_core::Key >>, command : Command,) ->
        ::idem_core::machine::Call < '_, Reply, R::Rejection > { let key :
        ::core::option::Option < & ::idem_core::Key > = ::core::convert::Into::into(key);
        self.0.__apply(key.cloned(), command) } } #[doc =
        r" One machine inside the caller's transaction."] pub (super) struct Within < 't,
        DB : ::idem_core::Database, R : Transitions > (::idem_core::machine::Within < 't,
        DB, Driver < R >>) where; #[automatically_derived] impl < DB :
        ::idem_core::Database, R : Transitions > ::core::fmt::Debug for Within < '_, DB,
        R > where { fn fmt(& self, __f : & mut ::core::fmt::Formatter < '_ >) ->
        ::core::fmt::Result { ::core::fmt::Debug::fmt(& self.0, __f) } } impl < 't, DB :
        ::idem_core::Database, R : Transitions > Within < 't, DB, R > where { #[doc =
        r" Puts the machine into its initial state, once."] pub fn start(self, initial :
        Still) -> ::idem_core::machine::Call < 't, (), R::Rejection > { self.0
        .__start(::core::convert::From::from(initial)) } #[doc =
        r" The machine as the transaction sees it, locked until the transaction ends."]
        #[doc = r""] #[doc = r" # Errors"] #[doc =
        r" If the store cannot be reached or the state no longer decodes."] pub async fn
        get(self,) -> ::core::result::Result < ::core::option::Option <
        ::idem_core::machine::StoredMachine < super::Rock >>, ::idem_core::Error, > {
        self.0.get(). await } #[doc =
        r" Runs a command that was decoded from a wire, with a `&Key`, an `Option<&Key>`, or `Natural`. Without a key"]
        #[doc =
        r" it must be one that `Natural` could name, else the answer is `KeyRequired`."]
        pub fn apply < 'key > (self, key : impl ::core::convert::Into <
        ::core::option::Option < & 'key::idem_core::Key >>, command : Command,) ->
        ::idem_core::machine::Call < 't, Reply, R::Rejection > { let key :
        ::core::option::Option < & ::idem_core::Key > = ::core::convert::Into::into(key);
        self.0.__apply(key.cloned(), command) } }
    }
    /// One machine in memory.
    pub(super) struct InMemory<R: Transitions>(
        ::idem_core::machine::InMemory<Driver<R>>,
    );
    impl<R: Transitions> InMemory<R> {
        pub(super) fn __new(__rules: R, __initial: Still) -> Self {
            Self(
                ::idem_core::machine::InMemory::__new(
                    Driver(__rules),
                    ::core::convert::From::from(__initial),
                ),
            )
        }
        /// Runs a command that was decoded from a wire, with a `&Key`, an `Option<&Key>`, or `Natural`. Without a key
        /// it must be one that `Natural` could name, else the answer is `KeyRequired`.
        pub fn apply<'key>(
            &mut self,
            key: impl ::core::convert::Into<
                ::core::option::Option<&'key ::idem_core::Key>,
            >,
            command: Command,
        ) -> ::core::result::Result<
            ::idem_core::Outcome<Reply>,
            <R::Rejection as ::idem_core::error::Rejection>::Error,
        > {
            let key: ::core::option::Option<&::idem_core::Key> = ::core::convert::Into::into(
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
        type Target = ::idem_core::machine::InMemory<Driver<R>>;
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
    impl<__T: ::idem_core::__private::State> WithSerde for __T {}
    const _: () = {
        const fn must_have_serde<__T: WithSerde>() {}
    };
    #[doc(hidden)]
    #[allow(dead_code)]
    struct Probe<__T>(::core::marker::PhantomData<__T>);
    #[allow(dead_code)]
    impl<__T: ::idem_core::__private::State> Probe<__T> {
        fn encode(
            __value: &__T,
        ) -> ::core::result::Result<
            ::idem_core::__private::Stored,
            ::idem_core::__private::WireError,
        > {
            ::idem_core::__private::Stored::encode(__value)
        }
        fn decode(
            __stored: &::idem_core::__private::Stored,
        ) -> ::core::result::Result<__T, ::idem_core::__private::WireError> {
            __stored.decode()
        }
        fn serialize<__S: ::idem_core::__private::serde::Serializer>(
            __value: &__T,
            __serializer: __S,
        ) -> ::core::result::Result<__S::Ok, __S::Error> {
            ::idem_core::__private::serde::Serialize::serialize(__value, __serializer)
        }
    }
    #[allow(dead_code)]
    impl<__T: ::core::clone::Clone + 'static> Probe<__T> {
        fn copy(
            __outcome: &__T,
            __reply: fn(__T) -> Reply,
            __copy: &mut dyn ::core::any::Any,
        ) {
            ::idem_core::__private::copy_outcome(__outcome, __reply, __copy)
        }
    }
    #[doc(hidden)]
    #[allow(dead_code)]
    trait Unstored<__T> {
        fn encode(
            _: &__T,
        ) -> ::core::result::Result<
            ::idem_core::__private::Stored,
            ::idem_core::__private::WireError,
        > {
            ::core::result::Result::Err(
                ::idem_core::__private::WireError::Format(::core::option::Option::None),
            )
        }
        fn decode(
            _: &::idem_core::__private::Stored,
        ) -> ::core::result::Result<__T, ::idem_core::__private::WireError> {
            ::core::result::Result::Err(
                ::idem_core::__private::WireError::Format(::core::option::Option::None),
            )
        }
        fn serialize<__S: ::idem_core::__private::serde::Serializer>(
            _: &__T,
            _: __S,
        ) -> ::core::result::Result<__S::Ok, __S::Error> {
            ::core::result::Result::Err(
                ::idem_core::__private::serde::ser::Error::custom("no serde"),
            )
        }
        fn copy(_: &__T, _: fn(__T) -> Reply, _: &mut dyn ::core::any::Any) {}
    }
    impl<__T> Unstored<__T> for Probe<__T> {}
}
