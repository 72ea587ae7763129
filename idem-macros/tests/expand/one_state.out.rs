#[allow(non_camel_case_types, unused_qualifications)]
type F502_move_Rock_out_of_the_function = Rock;
#[allow(unreachable_pub, private_interfaces, clippy::pedantic)]
impl Rock {
    ::idem_core::__stored! {
        { #[doc = r" The machines of this enum in a database."] fn stored < DB :
        ::idem_core::Database, R : rock::Transitions > (idem : & ::idem_core::Idem < DB
        >, rules : R,) -> rock::Repository < DB, R > where {
        rock::Repository::__new(idem, rules) } } else { #[doc(hidden)]
        #[allow(clippy::needless_pass_by_value)] fn stored < DB :
        ::idem_core::__private::Store, R, __M > (idem : DB, _ : R) -> __M { idem
        .__never() } }
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
    #[allow(unused_imports)]
    use super::F502_move_Rock_out_of_the_function as __Machine;
    ///The state `Still`.
    #[derive(::core::clone::Clone)]
    pub(super) struct Still;
    #[automatically_derived]
    impl ::core::convert::From<Still> for __Machine {
        fn from(__state: Still) -> Self {
            let Still = __state;
            __Machine::Still
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
    impl ::core::convert::From<&__Machine> for StateKind {
        fn from(__state: &__Machine) -> Self {
            match *__state {
                __Machine::Still { .. } => Self::Still,
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
    #[automatically_derived]
    impl ::idem_core::__private::Unambiguous for Command {}
    #[automatically_derived]
    impl ::idem_core::__private::Unambiguous for Still {}
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
    pub(super) trait Transitions: ::core::marker::Send + ::core::marker::Sync + 'static {
        /// Why a transition refuses. Nothing is written and the key stays free, unless the command says
        /// `remember_rejections`: then its key remembers the rejection.
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
    #[allow(unused_variables)]
    #[automatically_derived]
    impl<R: Transitions> ::idem_core::__private::Rules for Driver<R> {
        type Machine = __Machine;
        type Rejection = R::Rejection;
        fn run(
            &self,
            __from: __Machine,
            __command: &Command,
            __cx: &::idem_core::Context<'_>,
        ) -> ::core::option::Option<
            ::core::result::Result<
                ::idem_core::__private::Taken<__Machine>,
                R::Rejection,
            >,
        > {
            match *__command {}
        }
        fn write_rejection(
            __rejection: &R::Rejection,
        ) -> ::core::result::Result<
            ::idem_core::__private::Stored,
            ::idem_core::__private::WireError,
        > {
            ::core::result::Result::Err(::idem_core::__private::WireError::NoRejections)
        }
        fn read_rejection(
            __stored: &::idem_core::__private::Stored,
        ) -> ::core::result::Result<R::Rejection, ::idem_core::__private::WireError> {
            ::core::result::Result::Err(::idem_core::__private::WireError::NoRejections)
        }
    }
    #[automatically_derived]
    impl ::idem_core::__private::Machine for __Machine {
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
            <StateKind as ::core::convert::From<&__Machine>>::from(self) as usize
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
                0usize => ::core::option::Option::Some(__Machine::Still {}),
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
        { #[doc = r" All machines of this enum in one database. Cheap to clone."] pub (in
        super) struct Repository < DB : ::idem_core::Database, R : Transitions >
        (::idem_core::machine::Repository < DB, Driver < R >>) where;
        #[automatically_derived] impl < DB : ::idem_core::Database, R : Transitions >
        ::core::clone::Clone for Repository < DB, R > where { fn clone(& self) -> Self {
        Self(::core::clone::Clone::clone(& self.0)) } } #[automatically_derived] impl <
        DB : ::idem_core::Database, R : Transitions > ::core::fmt::Debug for Repository <
        DB, R > where { fn fmt(& self, __f : & mut ::core::fmt::Formatter < '_ >) ->
        ::core::fmt::Result { ::core::fmt::Debug::fmt(& self.0, __f) } }
        #[automatically_derived] impl < DB : ::idem_core::Database, R : Transitions >
        ::core::ops::Deref for Repository < DB, R > where { type Target =
        ::idem_core::machine::Repository < DB, Driver < R >>; fn deref(& self) -> &
        Self::Target { & self.0 } } impl < DB : ::idem_core::Database, R : Transitions >
        Repository < DB, R > where { pub (super) fn __new(__idem : & ::idem_core::Idem <
        DB >, __rules : R) -> Self { Self(::idem_core::machine::Repository::__new(__idem,
        Driver(__rules))) } #[doc = r" The machine called `id`, stored or not."] pub fn
        at(& self, id : impl ::core::convert::Into < ::std::string::String >) -> Handle <
        DB, R > { Handle(self.0.__at(id)) } } #[doc =
        r" One machine. Cheap to clone. Errors and cancel safety of its calls: see `idem_core::machine::Call`."]
        pub (in super) struct Handle < DB : ::idem_core::Database, R : Transitions >
        (::idem_core::machine::Handle < DB, Driver < R >>) where;
        #[automatically_derived] impl < DB : ::idem_core::Database, R : Transitions >
        ::core::clone::Clone for Handle < DB, R > where { fn clone(& self) -> Self {
        Self(::core::clone::Clone::clone(& self.0)) } } #[automatically_derived] impl <
        DB : ::idem_core::Database, R : Transitions > ::core::fmt::Debug for Handle < DB,
        R > where { fn fmt(& self, __f : & mut ::core::fmt::Formatter < '_ >) ->
        ::core::fmt::Result { ::core::fmt::Debug::fmt(& self.0, __f) } }
        #[automatically_derived] impl < DB : ::idem_core::Database, R : Transitions >
        ::core::ops::Deref for Handle < DB, R > where { type Target =
        ::idem_core::machine::Handle < DB, Driver < R >>; fn deref(& self) -> &
        Self::Target { & self.0 } } impl < DB : ::idem_core::Database, R : Transitions >
        Handle < DB, R > where { #[doc =
        r" Puts the machine into its initial state, once."] pub fn start(& self, key :
        impl ::idem_core::__private::KeyOrNatural < Still >, initial : Still,) ->
        ::idem_core::machine::Call < '_, (), StateKind, R::Rejection > { self.0
        .__start(::idem_core::__private::KeyOrNatural:: < Still > ::__key(key),
        ::core::convert::From::from(initial),) } #[doc =
        r" Puts the machine into its initial state and runs a command, under one key: both happen, or neither. On a"]
        #[doc = r" machine that was started with the same data the command runs alone."]
        pub fn start_and < C : ::idem_core::__private::FirstCommand < Command, Outcome :
        ::idem_core::__private::State >> (& self, key : & ::idem_core::Key, initial :
        Still, command : C,) -> ::idem_core::machine::Call < '_, C::Outcome, StateKind,
        R::Rejection > { self.0.__start_and(key, ::core::convert::From::from(initial),
        command) } #[doc =
        r" The machine inside the caller's transaction: what it does commits with the transaction."]
        pub fn within < 't > (& self, tx : & 't mut ::idem_core::Tx < DB >) -> InTx < 't,
        DB, R > { InTx(self.0.__within(tx)) } #[doc =
        r" Runs a command that is known when the program runs, with a `&Key`, an `Option<&Key>`, or `Natural`. Without a"]
        #[doc =
        r" key it must be one that `Natural` could name, else the answer is `KeyRequired`."]
        pub fn apply(& self, key : impl ::idem_core::__private::KeyOrNatural < Command >,
        command : Command,) -> ::idem_core::machine::Call < '_, Reply, StateKind,
        R::Rejection > { self.0.__apply(::idem_core::__private::KeyOrNatural:: < Command
        > ::__key(key), command) } } #[doc =
        r" One machine inside the caller's transaction. Errors and cancel safety of its calls: see"]
        #[doc = r" `idem_core::machine::Call`."] pub (in super) struct InTx < 't, DB :
        ::idem_core::Database, R : Transitions > (::idem_core::machine::InTx < 't, DB,
        Driver < R >>) where; #[automatically_derived] impl < DB : ::idem_core::Database,
        R : Transitions > ::core::fmt::Debug for InTx < '_, DB, R > where { fn fmt(&
        self, __f : & mut ::core::fmt::Formatter < '_ >) -> ::core::fmt::Result {
        ::core::fmt::Debug::fmt(& self.0, __f) } } impl < 't, DB : ::idem_core::Database,
        R : Transitions > InTx < 't, DB, R > where { #[doc =
        r" Puts the machine into its initial state, once."] pub fn start(self, key : impl
        ::idem_core::__private::KeyOrNatural < Still >, initial : Still,) ->
        ::idem_core::machine::Call < 't, (), StateKind, R::Rejection > { self.0
        .__start(::idem_core::__private::KeyOrNatural:: < Still > ::__key(key),
        ::core::convert::From::from(initial),) } #[doc =
        r" Puts the machine into its initial state and runs a command, under one key: both happen, or neither. On a"]
        #[doc = r" machine that was started with the same data the command runs alone."]
        pub fn start_and < C : ::idem_core::__private::FirstCommand < Command, Outcome :
        ::idem_core::__private::State >> (self, key : & ::idem_core::Key, initial :
        Still, command : C,) -> ::idem_core::machine::Call < 't, C::Outcome, StateKind,
        R::Rejection > { self.0.__start_and(key, ::core::convert::From::from(initial),
        command) } #[doc =
        r" The machine as the transaction sees it, locked until the transaction ends."]
        #[doc = r""] #[doc = r" # Errors"] #[doc =
        r" If the store cannot be reached or the state no longer decodes."] #[doc = r""]
        #[doc = r" # Cancel safety"] #[doc =
        r" Dropped while it waits for the database, it leaves the transaction broken: see `idem_core::Tx`."]
        pub async fn get(self,) -> ::core::result::Result < ::core::option::Option <
        ::idem_core::machine::StoredMachine < __Machine >>, ::idem_core::Error, > { self
        .0.get(). await } #[doc =
        r" Runs a command that is known when the program runs, with a `&Key`, an `Option<&Key>`, or `Natural`. Without a"]
        #[doc =
        r" key it must be one that `Natural` could name, else the answer is `KeyRequired`."]
        pub fn apply(self, key : impl ::idem_core::__private::KeyOrNatural < Command >,
        command : Command,) -> ::idem_core::machine::Call < 't, Reply, StateKind,
        R::Rejection > { self.0.__apply(::idem_core::__private::KeyOrNatural:: < Command
        > ::__key(key), command) } } }
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
        /// Runs a command that is known when the program runs, with a `&Key`, an `Option<&Key>`, or `Natural`. Without a
        /// key it must be one that `Natural` could name, else the answer is `KeyRequired`.
        pub fn apply(
            &mut self,
            key: impl ::idem_core::__private::KeyOrNatural<Command>,
            command: Command,
        ) -> ::core::result::Result<
            ::idem_core::Outcome<Reply, StateKind>,
            <R::Rejection as ::idem_core::error::Rejection>::Error,
        > {
            self.0
                .__apply(
                    ::idem_core::__private::KeyOrNatural::<Command>::__key(key),
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
    /// What commands from outside leave to their receiver: facts that a client must not choose.
    pub(super) trait Facts {}
    #[automatically_derived]
    impl Facts for () {}
    /// Commands as they come from outside. Read a request into [`Command`](wire::Command), and complete it.
    pub(super) mod wire {
        #[allow(unused_imports)]
        use super::Unstored as _;
        /// A command from outside: none that is internal, without facts, and without members that it does not have.
        ///
        /// serde reads `{"name": payload}`, and where nothing is carried also `"name"`, `{"name": null}` and
        /// `{"name": {}}`.
        #[derive(::core::clone::Clone)]
        #[derive(::idem_core::__private::serde::Serialize)]
        #[serde(crate = "::idem_core::__private::serde")]
        pub(in super::super) enum Command {}
        impl Command {
            /// The command's name.
            pub const fn kind(&self) -> super::CommandKind {
                match *self {}
            }
            /// The command with its facts, as `apply` takes it.
            pub fn complete(self, __facts: &impl super::Facts) -> super::Command {
                match self {}
            }
        }
        #[automatically_derived]
        impl<'de> ::idem_core::__private::OutsideCommands<'de> for Command {
            const NAMES: &'static [&'static str] = &[];
            fn position(__name: &str) -> ::core::option::Option<usize> {
                match __name {
                    _ => ::core::option::Option::None,
                }
            }
            fn read<__D: ::idem_core::__private::serde::Deserializer<'de>>(
                __position: usize,
                __payload: __D,
            ) -> ::core::result::Result<Self, __D::Error> {
                match __position {
                    _ => {
                        ::core::result::Result::Err(
                            <__D::Error as ::idem_core::__private::serde::de::Error>::custom(
                                "no command",
                            ),
                        )
                    }
                }
            }
        }
        #[automatically_derived]
        impl<'de> ::idem_core::__private::serde::Deserialize<'de> for Command {
            fn deserialize<__D: ::idem_core::__private::serde::Deserializer<'de>>(
                __deserializer: __D,
            ) -> ::core::result::Result<Self, __D::Error> {
                ::idem_core::__private::read_outside_command(__deserializer)
            }
        }
    }
    const _: () = {};
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
        pub(super) fn read<'de, __D: ::idem_core::__private::serde::Deserializer<'de>>(
            __payload: __D,
        ) -> ::core::result::Result<__T, __D::Error> {
            ::idem_core::__private::serde::Deserialize::deserialize(__payload)
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
        fn read<'de, __D: ::idem_core::__private::serde::Deserializer<'de>>(
            _: __D,
        ) -> ::core::result::Result<__T, __D::Error> {
            ::core::result::Result::Err(
                ::idem_core::__private::serde::de::Error::custom("no serde"),
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
