::core::compile_error! {
    "[F001] `Piad` is not a state of `Order`\nfound: `Piad`; did you mean `Paid`?\nexpected: one of `Pending`, `Paid`, `Shipped`\nfix: write `Paid`\nsee idem_core::compile_errors::f001"
}
::core::compile_error! {
    "[F002] `Refund` is not a command of `Order`\nexpected: one of `Pay`, `Ship`\nfix: name a command of the enum, or declare it: `#[command(Refund)]`\nsee idem_core::compile_errors::f002"
}
::core::compile_error! {
    "[F001] `Elsewhere` is not a state of `Order`\nexpected: one of `Pending`, `Paid`, `Shipped`\nfix: name a variant of the enum, or add one\nsee idem_core::compile_errors::f001"
}
::core::compile_error! {
    "[F102] `Pending` answers `Pay` twice\nfix: one edge with both targets: `#[on(Pay => A | B)]`\nsee idem_core::compile_errors::f102"
}
::core::compile_error! {
    "[F102] `Pending` answers `Pay` here first"
}
::core::compile_error! {
    "[F304] `Order` is stored by serde and does not derive `Deserialize`\nexpected: `#[derive(Serialize, Deserialize)]` below `#[idempotent_fsm]`\nfix: add the derive, or move it below the attribute, which gives it the names on the wire\nsee idem_core::compile_errors::f304"
}
#[allow(non_camel_case_types, unused_qualifications)]
type F502_move_Order_out_of_the_function = Order;
#[allow(unreachable_pub, private_interfaces, clippy::pedantic)]
impl Order {
    ::idem_core::__stored! {
        { #[doc = r" The machines of this enum in a database."] fn stored < DB :
        ::idem_core::Database, R : order::Transitions > (idem : & ::idem_core::Idem < DB
        >, rules : R,) -> order::Repository < DB, R > where for < 'idem > Order :
        ::idem_core::__private::State { order::Repository::__new(idem, rules) } } else {
        #[doc(hidden)] #[allow(clippy::needless_pass_by_value)] fn stored < DB :
        ::idem_core::__private::Store, R, __M > (idem : DB, _ : R) -> __M { idem
        .__never() } }
    }
    /// One machine in memory, without a database: the same rules.
    fn in_memory<R: order::Transitions>(
        rules: R,
        initial: order::Pending,
    ) -> order::InMemory<R>
    where
        for<'idem> Order: ::idem_core::__private::State,
    {
        order::InMemory::__new(rules, initial)
    }
}
/**What `#[idempotent_fsm]` makes of `Order`: its states and commands as types, its rules, its handles.

```mermaid
stateDiagram-v2
    [*] --> Pending
    Pending --> Paid: Pay
    Paid --> Shipped: Ship
    Shipped --> [*]
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
mod order {
    #[allow(unused_imports)]
    use super::F502_move_Order_out_of_the_function as __Machine;
    ///The state `Pending`.
    #[derive(::core::fmt::Debug, ::core::clone::Clone, ::core::cmp::PartialEq)]
    pub(super) struct Pending;
    #[automatically_derived]
    impl ::core::convert::From<Pending> for __Machine {
        fn from(__state: Pending) -> Self {
            let Pending = __state;
            __Machine::Pending
        }
    }
    ///The state `Paid`.
    #[derive(::core::fmt::Debug, ::core::clone::Clone, ::core::cmp::PartialEq)]
    pub(super) struct Paid;
    #[automatically_derived]
    impl ::core::convert::From<Paid> for __Machine {
        fn from(__state: Paid) -> Self {
            let Paid = __state;
            __Machine::Paid
        }
    }
    ///The state `Shipped`.
    #[derive(::core::fmt::Debug, ::core::clone::Clone, ::core::cmp::PartialEq)]
    pub(super) struct Shipped;
    #[automatically_derived]
    impl ::core::convert::From<Shipped> for __Machine {
        fn from(__state: Shipped) -> Self {
            let Shipped = __state;
            __Machine::Shipped
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
        ///The state `Pending`.
        Pending,
        ///The state `Paid`.
        Paid,
        ///The state `Shipped`.
        Shipped,
    }
    impl StateKind {
        const __ALL: &'static [Self] = &[Self::Pending, Self::Paid, Self::Shipped];
        ///Every state, in the order of the source.
        pub const ALL: &'static [Self] = Self::__ALL;
        ///The state's name on the wire.
        pub const fn name(self) -> &'static str {
            match self {
                Self::Pending => "Pending",
                Self::Paid => "Paid",
                Self::Shipped => "Shipped",
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
                __Machine::Pending { .. } => Self::Pending,
                __Machine::Paid { .. } => Self::Paid,
                __Machine::Shipped { .. } => Self::Shipped,
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
    pub(super) enum CommandKind {
        ///The command `Pay`.
        Pay,
        ///The command `Ship`.
        Ship,
    }
    impl CommandKind {
        const __ALL: &'static [Self] = &[Self::Pay, Self::Ship];
        ///Every command, in the order of the source.
        pub const ALL: &'static [Self] = Self::__ALL;
        ///The command's name on the wire.
        pub const fn name(self) -> &'static str {
            match self {
                Self::Pay => "Pay",
                Self::Ship => "Ship",
            }
        }
    }
    #[automatically_derived]
    impl ::core::fmt::Display for CommandKind {
        fn fmt(&self, __f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
            __f.pad(self.name())
        }
    }
    ///The command `Pay`.
    #[derive(::core::fmt::Debug, ::core::clone::Clone, ::core::cmp::PartialEq)]
    #[derive(
        ::idem_core::__private::serde::Serialize,
        ::idem_core::__private::serde::Deserialize
    )]
    #[serde(crate = "::idem_core::__private::serde")]
    pub(super) struct Pay;
    #[automatically_derived]
    impl ::idem_core::__private::Unambiguous for Pay {}
    #[automatically_derived]
    impl ::idem_core::__private::FirstCommand<Command> for Pay {
        type Outcome = ();
        fn __into_command(self) -> Command {
            Command::Pay(self)
        }
    }
    ///The command `Ship`.
    #[derive(::core::fmt::Debug, ::core::clone::Clone, ::core::cmp::PartialEq)]
    #[derive(
        ::idem_core::__private::serde::Serialize,
        ::idem_core::__private::serde::Deserialize
    )]
    #[serde(crate = "::idem_core::__private::serde")]
    pub(super) struct Ship;
    #[automatically_derived]
    impl ::idem_core::__private::Unambiguous for Ship {}
    /// Any command; serde reads and writes it as `{"name": payload}`.
    #[derive(::core::fmt::Debug, ::core::clone::Clone, ::core::cmp::PartialEq)]
    #[derive(
        ::idem_core::__private::serde::Serialize,
        ::idem_core::__private::serde::Deserialize
    )]
    #[serde(crate = "::idem_core::__private::serde")]
    pub(super) enum Command {
        ///The command `Pay`.
        #[serde(rename = "Pay")]
        Pay(Pay),
        ///The command `Ship`.
        #[serde(rename = "Ship")]
        Ship(Ship),
    }
    #[automatically_derived]
    impl ::idem_core::__private::Unambiguous for Command {}
    #[automatically_derived]
    impl ::idem_core::__private::Unambiguous for Pending {}
    impl Command {
        /// The command's name.
        pub const fn kind(&self) -> CommandKind {
            match *self {
                Self::Pay(_) => CommandKind::Pay,
                Self::Ship(_) => CommandKind::Ship,
            }
        }
    }
    #[automatically_derived]
    impl ::core::convert::From<Pay> for Command {
        fn from(__command: Pay) -> Self {
            Self::Pay(__command)
        }
    }
    #[automatically_derived]
    impl ::core::convert::From<Ship> for Command {
        fn from(__command: Ship) -> Self {
            Self::Ship(__command)
        }
    }
    /// Any command's outcome; serde writes it as the outcome alone.
    #[derive(::core::fmt::Debug)]
    pub(super) enum Reply {
        ///The outcome of `Pay`.
        Pay(()),
        ///The outcome of `Ship`.
        Ship(()),
    }
    impl Reply {
        /// The name of the command that was answered.
        pub const fn kind(&self) -> CommandKind {
            match *self {
                Self::Pay(_) => CommandKind::Pay,
                Self::Ship(_) => CommandKind::Ship,
            }
        }
    }
    #[automatically_derived]
    impl ::idem_core::__private::serde::Serialize for Reply {
        fn serialize<__S: ::idem_core::__private::serde::Serializer>(
            &self,
            __serializer: __S,
        ) -> ::core::result::Result<__S::Ok, __S::Error> {
            match *self {
                Self::Pay(ref __outcome) => {
                    Probe::<()>::serialize(__outcome, __serializer)
                }
                Self::Ship(ref __outcome) => {
                    Probe::<()>::serialize(__outcome, __serializer)
                }
            }
        }
    }
    #[automatically_derived]
    impl ::idem_core::__private::Targets for Paid {
        type States = Paid;
    }
    #[automatically_derived]
    impl ::idem_core::__private::Targets for Shipped {
        type States = Shipped;
    }
    /**The rules of `Order`: what each command makes of the state it finds.

A transition is pure: it answers with a `Step` and has no effect of its own, so it may run more than once for one effect.*/
    pub(super) trait Transitions: ::core::marker::Send + ::core::marker::Sync + 'static {
        /// Why a transition refuses. Nothing is written and the key stays free, unless the command says
        /// `remember_rejections`: then its key remembers the rejection.
        type Rejection: ::idem_core::error::Rejection;
        /**`Pay` in `Pending`: leads to `Paid`.

# Errors
The rejection, if the command is refused.*/
        fn pay(
            &self,
            from: Pending,
            pay: &Pay,
            cx: &::idem_core::Context<'_>,
        ) -> ::core::result::Result<::idem_core::Step<Paid, ()>, Self::Rejection> {
            let _ = (from, pay, cx);
            ::core::result::Result::Ok(::idem_core::Step::to(Paid {}))
        }
        /**`Ship` in `Paid`: leads to `Shipped`.

# Errors
The rejection, if the command is refused.*/
        fn ship(
            &self,
            from: Paid,
            ship: &Ship,
            cx: &::idem_core::Context<'_>,
        ) -> ::core::result::Result<::idem_core::Step<Shipped, ()>, Self::Rejection> {
            let _ = (from, ship, cx);
            ::core::result::Result::Ok(::idem_core::Step::to(Shipped {}))
        }
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
    impl<R: Transitions> Driver<R>
    where
        for<'idem> __Machine: ::idem_core::__private::State,
    {
        fn pay(
            &self,
            __from: __Machine,
            __command: &Pay,
            __cx: &::idem_core::Context<'_>,
        ) -> ::core::option::Option<
            ::core::result::Result<
                ::idem_core::__private::Taken<__Machine>,
                R::Rejection,
            >,
        > {
            let __from = match __from {
                __Machine::Pending => Pending,
                #[allow(unreachable_patterns)]
                _ => return ::core::option::Option::None,
            };
            ::core::option::Option::Some(
                ::idem_core::__private::taken(
                    Transitions::pay(&self.0, __from, __command, __cx),
                    Reply::Pay,
                ),
            )
        }
        fn ship(
            &self,
            __from: __Machine,
            __command: &Ship,
            __cx: &::idem_core::Context<'_>,
        ) -> ::core::option::Option<
            ::core::result::Result<
                ::idem_core::__private::Taken<__Machine>,
                R::Rejection,
            >,
        > {
            let __from = match __from {
                __Machine::Paid => Paid,
                #[allow(unreachable_patterns)]
                _ => return ::core::option::Option::None,
            };
            ::core::option::Option::Some(
                ::idem_core::__private::taken(
                    Transitions::ship(&self.0, __from, __command, __cx),
                    Reply::Ship,
                ),
            )
        }
    }
    #[allow(unused_variables)]
    #[automatically_derived]
    impl<R: Transitions> ::idem_core::__private::Rules for Driver<R>
    where
        for<'idem> __Machine: ::idem_core::__private::State,
    {
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
            match *__command {
                Command::Pay(ref __command) => self.pay(__from, __command, __cx),
                Command::Ship(ref __command) => self.ship(__from, __command, __cx),
            }
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
    impl ::idem_core::__private::Machine for __Machine
    where
        for<'idem> __Machine: ::idem_core::__private::State,
    {
        type StateKind = StateKind;
        type Command = Command;
        type Reply = Reply;
        const GRAPH: &'static ::idem_core::__private::Graph = {
            #[allow(unused_imports)]
            use ::idem_core::__private::{CommandInfo, Edge, Graph, Repeat, StateInfo};
            &Graph::__new(
                "Order",
                &[
                    StateInfo::__new("Pending", "Pending", &[], false, false),
                    StateInfo::__new("Paid", "Paid", &[], false, false),
                    StateInfo::__new("Shipped", "Shipped", &[], true, false),
                ],
                &[
                    CommandInfo::__new("Pay", "Pay", &[], Repeat::Once, false, &[]),
                    CommandInfo::__new("Ship", "Ship", &[], Repeat::Once, false, &[]),
                ],
                &[
                    Edge::__new(0usize, 0usize, &[1usize]),
                    Edge::__new(1usize, 1usize, &[2usize]),
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
                ::core::option::Option::None => StateKind::Pending,
            }
        }
        fn position(__kind: StateKind) -> usize {
            __kind as usize
        }
        fn bare(__state: usize) -> ::core::option::Option<Self> {
            match __state {
                0usize => ::core::option::Option::Some(__Machine::Pending {}),
                1usize => ::core::option::Option::Some(__Machine::Paid {}),
                2usize => ::core::option::Option::Some(__Machine::Shipped {}),
                _ => ::core::option::Option::None,
            }
        }
        fn command(__command: &Command) -> usize {
            match *__command {
                Command::Pay(_) => 0usize,
                Command::Ship(_) => 1usize,
            }
        }
        fn write_payload(
            __command: &Command,
        ) -> ::core::result::Result<
            ::idem_core::__private::Stored,
            ::idem_core::__private::WireError,
        > {
            match *__command {
                Command::Pay(ref __payload) => Probe::<Pay>::encode(__payload),
                Command::Ship(ref __payload) => Probe::<Ship>::encode(__payload),
            }
        }
        fn read_command(
            __command: usize,
            __payload: &::idem_core::__private::Stored,
        ) -> ::core::result::Result<Command, ::idem_core::__private::WireError> {
            match __command {
                0usize => Probe::<Pay>::decode(__payload).map(Command::Pay),
                1usize => Probe::<Ship>::decode(__payload).map(Command::Ship),
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
                0usize => Probe::<()>::decode(__outcome).map(Reply::Pay),
                1usize => Probe::<()>::decode(__outcome).map(Reply::Ship),
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
            match *__reply {
                Reply::Pay(ref __outcome) => {
                    Probe::<()>::copy(__outcome, Reply::Pay, __copy)
                }
                Reply::Ship(ref __outcome) => {
                    Probe::<()>::copy(__outcome, Reply::Ship, __copy)
                }
            }
        }
    }
    /// Whether `command` is legal in `state`.
    pub(super) const fn guard(state: StateKind, command: CommandKind) -> bool {
        const LEGAL: [[u64; 1usize]; 3usize] = [[1u64], [2u64], [0u64]];
        let command = command as usize;
        LEGAL[state as usize][command / 64usize] >> (command % 64usize) & 1 == 1
    }
    /// The commands that are legal in `state`.
    pub(super) const fn allowed(state: StateKind) -> &'static [CommandKind] {
        match state {
            StateKind::Pending => &[CommandKind::Pay],
            StateKind::Paid => &[CommandKind::Ship],
            StateKind::Shipped => &[],
        }
    }
    /// Why `command` is not legal in `state`, and what would be; `None` if it is legal.
    pub(super) fn why_not(
        state: StateKind,
        command: CommandKind,
    ) -> ::core::option::Option<::idem_core::__private::WhyNot> {
        if guard(state, command) {
            return ::core::option::Option::None;
        }
        let __allowed: &'static [&'static str] = match state {
            StateKind::Pending => &["Pay"],
            StateKind::Paid => &["Ship"],
            StateKind::Shipped => &[],
        };
        let __legal_in: &'static [&'static str] = match command {
            CommandKind::Pay => &["Pending"],
            CommandKind::Ship => &["Paid"],
        };
        let __why = ::idem_core::__private::WhyNot::__new(
            state.name(),
            command.name(),
            __allowed,
            __legal_in,
        );
        ::core::option::Option::Some(__why)
    }
    /// The graph as a Mermaid state diagram.
    pub(super) const fn mermaid() -> &'static str {
        "stateDiagram-v2\n    [*] --> Pending\n    Pending --> Paid: Pay\n    Paid --> Shipped: Ship\n    Shipped --> [*]\n"
    }
    /// The graph as a Graphviz digraph.
    pub(super) const fn dot() -> &'static str {
        "digraph \"Order\" {\n    rankdir=LR;\n    \"Pending\" [shape=ellipse, style=bold];\n    \"Paid\" [shape=ellipse];\n    \"Shipped\" [shape=doublecircle];\n    \"Pending\" -> \"Paid\" [label=\"Pay\"];\n    \"Paid\" -> \"Shipped\" [label=\"Ship\"];\n}\n"
    }
    ::idem_core::__stored! {
        { #[doc = r" All machines of this enum in one database. Cheap to clone."] pub (in
        super) struct Repository < DB : ::idem_core::Database, R : Transitions >
        (::idem_core::machine::Repository < DB, Driver < R >>) where for < 'idem >
        __Machine : ::idem_core::__private::State; #[automatically_derived] impl < DB :
        ::idem_core::Database, R : Transitions > ::core::clone::Clone for Repository <
        DB, R > where for < 'idem > __Machine : ::idem_core::__private::State { fn
        clone(& self) -> Self { Self(::core::clone::Clone::clone(& self.0)) } }
        #[automatically_derived] impl < DB : ::idem_core::Database, R : Transitions >
        ::core::fmt::Debug for Repository < DB, R > where for < 'idem > __Machine :
        ::idem_core::__private::State { fn fmt(& self, __f : & mut ::core::fmt::Formatter
        < '_ >) -> ::core::fmt::Result { ::core::fmt::Debug::fmt(& self.0, __f) } }
        #[automatically_derived] impl < DB : ::idem_core::Database, R : Transitions >
        ::core::ops::Deref for Repository < DB, R > where for < 'idem > __Machine :
        ::idem_core::__private::State { type Target = ::idem_core::machine::Repository <
        DB, Driver < R >>; fn deref(& self) -> & Self::Target { & self.0 } } impl < DB :
        ::idem_core::Database, R : Transitions > Repository < DB, R > where for < 'idem >
        __Machine : ::idem_core::__private::State { pub (super) fn __new(__idem : &
        ::idem_core::Idem < DB >, __rules : R) -> Self {
        Self(::idem_core::machine::Repository::__new(__idem, Driver(__rules))) } #[doc =
        r" The machine called `id`, stored or not."] pub fn at(& self, id : impl
        ::core::convert::Into < ::std::string::String >) -> Handle < DB, R > {
        Handle(self.0.__at(id)) } } #[doc =
        r" One machine. Cheap to clone. Errors and cancel safety of its calls: see `idem_core::machine::Call`."]
        pub (in super) struct Handle < DB : ::idem_core::Database, R : Transitions >
        (::idem_core::machine::Handle < DB, Driver < R >>) where for < 'idem > __Machine
        : ::idem_core::__private::State; #[automatically_derived] impl < DB :
        ::idem_core::Database, R : Transitions > ::core::clone::Clone for Handle < DB, R
        > where for < 'idem > __Machine : ::idem_core::__private::State { fn clone(&
        self) -> Self { Self(::core::clone::Clone::clone(& self.0)) } }
        #[automatically_derived] impl < DB : ::idem_core::Database, R : Transitions >
        ::core::fmt::Debug for Handle < DB, R > where for < 'idem > __Machine :
        ::idem_core::__private::State { fn fmt(& self, __f : & mut ::core::fmt::Formatter
        < '_ >) -> ::core::fmt::Result { ::core::fmt::Debug::fmt(& self.0, __f) } }
        #[automatically_derived] impl < DB : ::idem_core::Database, R : Transitions >
        ::core::ops::Deref for Handle < DB, R > where for < 'idem > __Machine :
        ::idem_core::__private::State { type Target = ::idem_core::machine::Handle < DB,
        Driver < R >>; fn deref(& self) -> & Self::Target { & self.0 } } impl < DB :
        ::idem_core::Database, R : Transitions > Handle < DB, R > where for < 'idem >
        __Machine : ::idem_core::__private::State { #[doc =
        r" Puts the machine into its initial state, once."] pub fn start(& self, key :
        impl ::idem_core::__private::KeyOrNatural < Pending >, initial : Pending,) ->
        ::idem_core::machine::Call < '_, (), StateKind, R::Rejection > { self.0
        .__start(::idem_core::__private::KeyOrNatural:: < Pending > ::__key(key),
        ::core::convert::From::from(initial),) } #[doc =
        r" Puts the machine into its initial state and runs a command, under one key: both happen, or neither. On a"]
        #[doc = r" machine that was started with the same data the command runs alone."]
        pub fn start_and < C : ::idem_core::__private::FirstCommand < Command, Outcome :
        ::idem_core::__private::State >> (& self, key : & ::idem_core::Key, initial :
        Pending, command : C,) -> ::idem_core::machine::Call < '_, C::Outcome, StateKind,
        R::Rejection > { self.0.__start_and(key, ::core::convert::From::from(initial),
        command) } #[doc =
        r" The machine inside the caller's transaction: what it does commits with the transaction."]
        pub fn within < 't > (& self, tx : & 't mut ::idem_core::Tx < DB >) -> InTx < 't,
        DB, R > { InTx(self.0.__within(tx)) } #[doc =
        "The command `Pay`; legal in `Pending`."] pub fn pay(& self, key : impl
        ::idem_core::__private::KeyOrNatural < Pay >) -> ::idem_core::machine::Call < '_,
        (), StateKind, R::Rejection > { self.0
        .__call(::idem_core::__private::KeyOrNatural:: < Pay > ::__key(key),
        Command::Pay(Pay {})) } #[doc = "The command `Ship`; legal in `Paid`."] pub fn
        ship(& self, key : impl ::idem_core::__private::KeyOrNatural < Ship >) ->
        ::idem_core::machine::Call < '_, (), StateKind, R::Rejection > { self.0
        .__call(::idem_core::__private::KeyOrNatural:: < Ship > ::__key(key),
        Command::Ship(Ship {})) } #[doc =
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
        Driver < R >>) where for < 'idem > __Machine : ::idem_core::__private::State;
        #[automatically_derived] impl < DB : ::idem_core::Database, R : Transitions >
        ::core::fmt::Debug for InTx < '_, DB, R > where for < 'idem > __Machine :
        ::idem_core::__private::State { fn fmt(& self, __f : & mut ::core::fmt::Formatter
        < '_ >) -> ::core::fmt::Result { ::core::fmt::Debug::fmt(& self.0, __f) } } impl
        < 't, DB : ::idem_core::Database, R : Transitions > InTx < 't, DB, R > where for
        < 'idem > __Machine : ::idem_core::__private::State { #[doc =
        r" Puts the machine into its initial state, once."] pub fn start(self, key : impl
        ::idem_core::__private::KeyOrNatural < Pending >, initial : Pending,) ->
        ::idem_core::machine::Call < 't, (), StateKind, R::Rejection > { self.0
        .__start(::idem_core::__private::KeyOrNatural:: < Pending > ::__key(key),
        ::core::convert::From::from(initial),) } #[doc =
        r" Puts the machine into its initial state and runs a command, under one key: both happen, or neither. On a"]
        #[doc = r" machine that was started with the same data the command runs alone."]
        pub fn start_and < C : ::idem_core::__private::FirstCommand < Command, Outcome :
        ::idem_core::__private::State >> (self, key : & ::idem_core::Key, initial :
        Pending, command : C,) -> ::idem_core::machine::Call < 't, C::Outcome, StateKind,
        R::Rejection > { self.0.__start_and(key, ::core::convert::From::from(initial),
        command) } #[doc =
        r" The machine as the transaction sees it, locked until the transaction ends."]
        #[doc = r""] #[doc = r" # Errors"] #[doc =
        r" If the store cannot be reached or the state no longer decodes."] #[doc = r""]
        #[doc = r" # Cancel safety"] #[doc =
        r" Dropped while it waits for the database, it leaves the transaction broken: see `idem_core::Tx`."]
        pub async fn get(self,) -> ::core::result::Result < ::core::option::Option <
        ::idem_core::machine::StoredMachine < __Machine >>, ::idem_core::Error, > { self
        .0.get(). await } #[doc = "The command `Pay`; legal in `Pending`."] pub fn
        pay(self, key : impl ::idem_core::__private::KeyOrNatural < Pay >) ->
        ::idem_core::machine::Call < 't, (), StateKind, R::Rejection > { self.0
        .__call(::idem_core::__private::KeyOrNatural:: < Pay > ::__key(key),
        Command::Pay(Pay {})) } #[doc = "The command `Ship`; legal in `Paid`."] pub fn
        ship(self, key : impl ::idem_core::__private::KeyOrNatural < Ship >) ->
        ::idem_core::machine::Call < 't, (), StateKind, R::Rejection > { self.0
        .__call(::idem_core::__private::KeyOrNatural:: < Ship > ::__key(key),
        Command::Ship(Ship {})) } #[doc =
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
    )
    where
        for<'idem> __Machine: ::idem_core::__private::State;
    impl<R: Transitions> InMemory<R>
    where
        for<'idem> __Machine: ::idem_core::__private::State,
    {
        pub(super) fn __new(__rules: R, __initial: Pending) -> Self {
            Self(
                ::idem_core::machine::InMemory::__new(
                    Driver(__rules),
                    ::core::convert::From::from(__initial),
                ),
            )
        }
        ///The command `Pay`; legal in `Pending`.
        pub fn pay(
            &mut self,
            key: impl ::idem_core::__private::KeyOrNatural<Pay>,
        ) -> ::core::result::Result<
            ::idem_core::Outcome<(), StateKind>,
            <R::Rejection as ::idem_core::error::Rejection>::Error,
        > {
            self.0
                .__call(
                    ::idem_core::__private::KeyOrNatural::<Pay>::__key(key),
                    Command::Pay(Pay {}),
                )
        }
        ///The command `Ship`; legal in `Paid`.
        pub fn ship(
            &mut self,
            key: impl ::idem_core::__private::KeyOrNatural<Ship>,
        ) -> ::core::result::Result<
            ::idem_core::Outcome<(), StateKind>,
            <R::Rejection as ::idem_core::error::Rejection>::Error,
        > {
            self.0
                .__call(
                    ::idem_core::__private::KeyOrNatural::<Ship>::__key(key),
                    Command::Ship(Ship {}),
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
    impl<R: Transitions> ::core::fmt::Debug for InMemory<R>
    where
        for<'idem> __Machine: ::idem_core::__private::State,
    {
        fn fmt(&self, __f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
            ::core::fmt::Debug::fmt(&self.0, __f)
        }
    }
    #[automatically_derived]
    impl<R: Transitions> ::core::ops::Deref for InMemory<R>
    where
        for<'idem> __Machine: ::idem_core::__private::State,
    {
        type Target = ::idem_core::machine::InMemory<Driver<R>>;
        fn deref(&self) -> &Self::Target {
            &self.0
        }
    }
    #[automatically_derived]
    impl<R: Transitions> ::core::ops::DerefMut for InMemory<R>
    where
        for<'idem> __Machine: ::idem_core::__private::State,
    {
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
        #[derive(::core::fmt::Debug, ::core::clone::Clone, ::core::cmp::PartialEq)]
        #[derive(::idem_core::__private::serde::Serialize)]
        #[serde(crate = "::idem_core::__private::serde")]
        pub(in super::super) enum Command {
            ///The command `Pay`.
            #[serde(rename = "Pay")]
            Pay,
            ///The command `Ship`.
            #[serde(rename = "Ship")]
            Ship,
        }
        impl Command {
            /// The command's name.
            pub const fn kind(&self) -> super::CommandKind {
                match *self {
                    Self::Pay { .. } => super::CommandKind::Pay,
                    Self::Ship { .. } => super::CommandKind::Ship,
                }
            }
            /// The command with its facts, as `apply` takes it.
            pub fn complete(self, __facts: &impl super::Facts) -> super::Command {
                match self {
                    Self::Pay => super::Command::Pay(super::Pay {}),
                    Self::Ship => super::Command::Ship(super::Ship {}),
                }
            }
        }
        #[automatically_derived]
        impl<'de> ::idem_core::__private::OutsideCommands<'de> for Command {
            const NAMES: &'static [&'static str] = &["Pay", "Ship"];
            fn position(__name: &str) -> ::core::option::Option<usize> {
                match __name {
                    "Pay" => ::core::option::Option::Some(0usize),
                    "Ship" => ::core::option::Option::Some(1usize),
                    _ => ::core::option::Option::None,
                }
            }
            fn read<__D: ::idem_core::__private::serde::Deserializer<'de>>(
                __position: usize,
                __payload: __D,
            ) -> ::core::result::Result<Self, __D::Error> {
                match __position {
                    0usize => {
                        <::idem_core::__private::Nothing as ::idem_core::__private::serde::Deserialize>::deserialize(
                                __payload,
                            )
                            .map(|_| Self::Pay)
                    }
                    1usize => {
                        <::idem_core::__private::Nothing as ::idem_core::__private::serde::Deserialize>::deserialize(
                                __payload,
                            )
                            .map(|_| Self::Ship)
                    }
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
    impl<__T: ::idem_core::__private::State> Probe<__T>
    where
        for<'idem> __Machine: ::idem_core::__private::State,
    {
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
