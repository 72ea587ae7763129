#[allow(non_camel_case_types, unused_qualifications)]
type __IdemOrderT0 = i64;
#[allow(non_camel_case_types, unused_qualifications)]
type __IdemOrderT1 = Receipt;
#[allow(non_camel_case_types, unused_qualifications)]
type __IdemOrderT2 = String;
#[allow(unreachable_pub, private_interfaces, clippy::pedantic)]
impl Order {
    ::idem_core::__stored! {
        #[doc = r" The machines of this enum in a database."] pub fn stored < DB :
        ::idem_core::Database, R : order::Transitions > (idem : & ::idem_core::Idem < DB
        >, rules : R,) -> order::Machines < DB, R > where { order::Machines::__new(idem,
        rules) }
    }
    /// One machine in memory, without a database: the same rules.
    pub fn in_memory<R: order::Transitions>(
        rules: R,
        initial: order::Pending,
    ) -> order::InMemory<R> {
        order::InMemory::__new(rules, initial)
    }
}
/**What `#[idempotent_fsm]` makes of `Order`: its states and commands as types, its rules, its handles.

```mermaid
stateDiagram-v2
    [*] --> Pending
    Pending --> Paid: Pay
    Pending --> Declined: Pay
    Pending --> Cancelled: Cancel
    Paid --> Shipped: Ship
    Paid --> Cancelled: Cancel
    Declined --> [*]
    Shipped --> [*]
    Cancelled --> [*]
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
pub mod order {
    ///The state `Pending`.
    #[derive(::core::fmt::Debug, ::core::clone::Clone, ::core::cmp::PartialEq)]
    pub struct Pending {
        ///`total`, as the enum declares it.
        pub total: super::__IdemOrderT0,
    }
    #[automatically_derived]
    impl ::core::convert::From<Pending> for super::Order {
        fn from(state: Pending) -> Self {
            let Pending { total: f0 } = state;
            super::Order::Pending { total: f0 }
        }
    }
    ///The state `Paid`.
    #[derive(::core::fmt::Debug, ::core::clone::Clone, ::core::cmp::PartialEq)]
    pub struct Paid {
        ///`receipt`, as the enum declares it.
        pub receipt: super::__IdemOrderT1,
    }
    #[automatically_derived]
    impl ::core::convert::From<Paid> for super::Order {
        fn from(state: Paid) -> Self {
            let Paid { receipt: f0 } = state;
            super::Order::Paid { receipt: f0 }
        }
    }
    ///The state `Declined`.
    #[derive(::core::fmt::Debug, ::core::clone::Clone, ::core::cmp::PartialEq)]
    pub struct Declined {
        ///`reason`, as the enum declares it.
        pub reason: super::__IdemOrderT2,
    }
    #[automatically_derived]
    impl ::core::convert::From<Declined> for super::Order {
        fn from(state: Declined) -> Self {
            let Declined { reason: f0 } = state;
            super::Order::Declined {
                reason: f0,
            }
        }
    }
    ///The state `Shipped`.
    #[derive(::core::fmt::Debug, ::core::clone::Clone, ::core::cmp::PartialEq)]
    pub struct Shipped {
        ///`tracking`, as the enum declares it.
        pub tracking: super::__IdemOrderT2,
    }
    #[automatically_derived]
    impl ::core::convert::From<Shipped> for super::Order {
        fn from(state: Shipped) -> Self {
            let Shipped { tracking: f0 } = state;
            super::Order::Shipped {
                tracking: f0,
            }
        }
    }
    ///The state `Cancelled`.
    #[derive(::core::fmt::Debug, ::core::clone::Clone, ::core::cmp::PartialEq)]
    pub struct Cancelled {
        ///`reason`, as the enum declares it.
        pub reason: super::__IdemOrderT2,
    }
    #[automatically_derived]
    impl ::core::convert::From<Cancelled> for super::Order {
        fn from(state: Cancelled) -> Self {
            let Cancelled { reason: f0 } = state;
            super::Order::Cancelled {
                reason: f0,
            }
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
    pub enum StateKind {
        ///The state `Pending`.
        Pending,
        ///The state `Paid`.
        Paid,
        ///The state `Declined`.
        Declined,
        ///The state `Shipped`.
        Shipped,
        ///The state `Cancelled`.
        Cancelled,
    }
    impl StateKind {
        ///Every state, in the order of the source.
        pub const ALL: &'static [Self] = &[
            Self::Pending,
            Self::Paid,
            Self::Declined,
            Self::Shipped,
            Self::Cancelled,
        ];
        ///The state's name on the wire.
        pub const fn name(self) -> &'static str {
            match self {
                Self::Pending => "Pending",
                Self::Paid => "Paid",
                Self::Declined => "Declined",
                Self::Shipped => "Shipped",
                Self::Cancelled => "Cancelled",
            }
        }
    }
    #[automatically_derived]
    impl ::core::fmt::Display for StateKind {
        fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
            f.pad(self.name())
        }
    }
    #[automatically_derived]
    impl ::core::convert::From<&super::Order> for StateKind {
        fn from(state: &super::Order) -> Self {
            match *state {
                super::Order::Pending { .. } => Self::Pending,
                super::Order::Paid { .. } => Self::Paid,
                super::Order::Declined { .. } => Self::Declined,
                super::Order::Shipped { .. } => Self::Shipped,
                super::Order::Cancelled { .. } => Self::Cancelled,
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
    pub enum CommandKind {
        ///The command `Pay`.
        Pay,
        ///The command `Ship`.
        Ship,
        ///The command `Cancel`.
        Cancel,
    }
    impl CommandKind {
        ///Every command, in the order of the source.
        pub const ALL: &'static [Self] = &[Self::Pay, Self::Ship, Self::Cancel];
        ///The command's name on the wire.
        pub const fn name(self) -> &'static str {
            match self {
                Self::Pay => "Pay",
                Self::Ship => "Ship",
                Self::Cancel => "Cancel",
            }
        }
    }
    #[automatically_derived]
    impl ::core::fmt::Display for CommandKind {
        fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
            f.pad(self.name())
        }
    }
    ///The command `Pay`.
    #[derive(::core::fmt::Debug, ::core::clone::Clone, ::core::cmp::PartialEq)]
    #[derive(
        ::idem_core::__private::serde::Serialize,
        ::idem_core::__private::serde::Deserialize
    )]
    #[serde(
        crate = "::idem_core::__private::serde",
        bound(
            serialize = "for<'idem> super::__IdemOrderT0: ::idem_core::__private::State",
            deserialize = "for<'idem> super::__IdemOrderT0: ::idem_core::__private::State"
        )
    )]
    pub struct Pay {
        ///`amount`, as the enum declares it.
        pub amount: super::__IdemOrderT0,
    }
    #[diagnostic::do_not_recommend]
    #[automatically_derived]
    impl ::idem_core::__private::Repeatable for Pay {}
    ///The command `Ship`.
    #[derive(::core::fmt::Debug, ::core::clone::Clone, ::core::cmp::PartialEq)]
    #[derive(
        ::idem_core::__private::serde::Serialize,
        ::idem_core::__private::serde::Deserialize
    )]
    #[serde(
        crate = "::idem_core::__private::serde",
        bound(
            serialize = "for<'idem> super::__IdemOrderT2: ::idem_core::__private::State",
            deserialize = "for<'idem> super::__IdemOrderT2: ::idem_core::__private::State"
        )
    )]
    pub struct Ship {
        ///`tracking`, as the enum declares it.
        pub tracking: super::__IdemOrderT2,
    }
    #[diagnostic::do_not_recommend]
    #[automatically_derived]
    impl ::idem_core::__private::Repeatable for Ship {}
    ///The command `Cancel`.
    #[derive(::core::fmt::Debug, ::core::clone::Clone, ::core::cmp::PartialEq)]
    #[derive(
        ::idem_core::__private::serde::Serialize,
        ::idem_core::__private::serde::Deserialize
    )]
    #[serde(
        crate = "::idem_core::__private::serde",
        bound(
            serialize = "for<'idem> super::__IdemOrderT2: ::idem_core::__private::State",
            deserialize = "for<'idem> super::__IdemOrderT2: ::idem_core::__private::State"
        )
    )]
    pub struct Cancel {
        ///`reason`, as the enum declares it.
        pub reason: super::__IdemOrderT2,
    }
    #[diagnostic::do_not_recommend]
    #[automatically_derived]
    impl ::idem_core::__private::Repeatable for Cancel {}
    /// Any command; serde reads and writes it as `{"name": payload}`.
    #[derive(::core::fmt::Debug, ::core::clone::Clone, ::core::cmp::PartialEq)]
    #[derive(
        ::idem_core::__private::serde::Serialize,
        ::idem_core::__private::serde::Deserialize
    )]
    #[serde(
        crate = "::idem_core::__private::serde",
        bound(
            serialize = "for<'idem> super::__IdemOrderT0: ::idem_core::__private::State, for<'idem> super::__IdemOrderT2: ::idem_core::__private::State",
            deserialize = "for<'idem> super::__IdemOrderT0: ::idem_core::__private::State, for<'idem> super::__IdemOrderT2: ::idem_core::__private::State"
        )
    )]
    pub enum Command {
        ///The command `Pay`.
        #[serde(rename = "Pay")]
        Pay(Pay),
        ///The command `Ship`.
        #[serde(rename = "Ship")]
        Ship(Ship),
        ///The command `Cancel`.
        #[serde(rename = "Cancel")]
        Cancel(Cancel),
    }
    impl Command {
        /// The command's name.
        pub const fn kind(&self) -> CommandKind {
            match *self {
                Self::Pay(_) => CommandKind::Pay,
                Self::Ship(_) => CommandKind::Ship,
                Self::Cancel(_) => CommandKind::Cancel,
            }
        }
    }
    #[automatically_derived]
    impl ::core::convert::From<Pay> for Command {
        fn from(command: Pay) -> Self {
            Self::Pay(command)
        }
    }
    #[automatically_derived]
    impl ::core::convert::From<Ship> for Command {
        fn from(command: Ship) -> Self {
            Self::Ship(command)
        }
    }
    #[automatically_derived]
    impl ::core::convert::From<Cancel> for Command {
        fn from(command: Cancel) -> Self {
            Self::Cancel(command)
        }
    }
    /// Any command's outcome; serde writes it as the outcome alone.
    #[derive(::core::fmt::Debug)]
    pub enum Reply {
        ///The outcome of `Pay`.
        Pay(super::__IdemOrderT1),
        ///The outcome of `Ship`.
        Ship(()),
        ///The outcome of `Cancel`.
        Cancel(()),
    }
    impl Reply {
        /// The name of the command that was answered.
        pub const fn kind(&self) -> CommandKind {
            match *self {
                Self::Pay(_) => CommandKind::Pay,
                Self::Ship(_) => CommandKind::Ship,
                Self::Cancel(_) => CommandKind::Cancel,
            }
        }
    }
    #[automatically_derived]
    impl ::idem_core::__private::serde::Serialize for Reply {
        fn serialize<S: ::idem_core::__private::serde::Serializer>(
            &self,
            serializer: S,
        ) -> ::core::result::Result<S::Ok, S::Error> {
            match *self {
                Self::Pay(ref outcome) => {
                    Probe::<super::__IdemOrderT1>::serialize(outcome, serializer)
                }
                Self::Ship(ref outcome) => Probe::<()>::serialize(outcome, serializer),
                Self::Cancel(ref outcome) => Probe::<()>::serialize(outcome, serializer),
            }
        }
    }
    ///The states that `Pay` may lead to.
    #[derive(::core::fmt::Debug, ::core::clone::Clone, ::core::cmp::PartialEq)]
    pub enum PayTo {
        ///The state `Paid`.
        Paid(Paid),
        ///The state `Declined`.
        Declined(Declined),
    }
    #[automatically_derived]
    impl ::core::convert::From<Paid> for PayTo {
        fn from(state: Paid) -> Self {
            Self::Paid(state)
        }
    }
    #[automatically_derived]
    impl ::core::convert::From<Declined> for PayTo {
        fn from(state: Declined) -> Self {
            Self::Declined(state)
        }
    }
    #[automatically_derived]
    impl ::core::convert::From<PayTo> for super::Order {
        fn from(state: PayTo) -> Self {
            match state {
                PayTo::Paid(state) => ::core::convert::Into::into(state),
                PayTo::Declined(state) => ::core::convert::Into::into(state),
            }
        }
    }
    ///The states in which `Cancel` is legal.
    #[derive(::core::fmt::Debug, ::core::clone::Clone, ::core::cmp::PartialEq)]
    pub enum CancelFrom {
        ///The state `Pending`.
        Pending(Pending),
        ///The state `Paid`.
        Paid(Paid),
    }
    #[automatically_derived]
    impl ::core::convert::From<Pending> for CancelFrom {
        fn from(state: Pending) -> Self {
            Self::Pending(state)
        }
    }
    #[automatically_derived]
    impl ::core::convert::From<Paid> for CancelFrom {
        fn from(state: Paid) -> Self {
            Self::Paid(state)
        }
    }
    /**The rules of `Order`: what each command makes of the state it finds.

A transition is pure: it answers with a `Step` and has no effect of its own, so it may run more than once for one effect.*/
    #[diagnostic::on_unimplemented(
        message = "`{Self}` does not implement the rules of `Order`",
        label = "not the rules of this machine",
        note = "`impl order::Transitions for {Self}` says what each command does"
    )]
    pub trait Transitions: ::core::marker::Send + ::core::marker::Sync + 'static {
        /// Why a transition refuses. A rejection is not remembered: nothing is written and the key stays free.
        type Rejection: ::core::error::Error
            + ::core::marker::Send
            + ::core::marker::Sync
            + 'static;
        /**`Pay` in `Pending`: leads to `Paid` or `Declined`.

# Errors
The rejection, if the command is refused.*/
        fn pay(
            &self,
            from: Pending,
            pay: &Pay,
            cx: &::idem_core::Context<'_>,
        ) -> ::core::result::Result<
            ::idem_core::Step<PayTo, super::__IdemOrderT1>,
            Self::Rejection,
        >;
        /**`Ship` in `Paid`: leads to `Shipped`.

# Errors
The rejection, if the command is refused.*/
        fn ship(
            &self,
            from: Paid,
            ship: &Ship,
            cx: &::idem_core::Context<'_>,
        ) -> ::core::result::Result<::idem_core::Step<Shipped, ()>, Self::Rejection>;
        /**`Cancel` in `Pending` or `Paid`: leads to `Cancelled`.

# Errors
The rejection, if the command is refused.*/
        fn cancel(
            &self,
            from: CancelFrom,
            cancel: &Cancel,
            cx: &::idem_core::Context<'_>,
        ) -> ::core::result::Result<::idem_core::Step<Cancelled, ()>, Self::Rejection>;
    }
    #[doc(hidden)]
    pub struct Driver<R>(pub R);
    #[automatically_derived]
    impl<R> ::core::fmt::Debug for Driver<R> {
        fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
            f.write_str("Driver")
        }
    }
    #[allow(unused_variables)]
    impl<R: Transitions> Driver<R> {
        fn pay(
            &self,
            from: super::Order,
            command: &Pay,
            cx: &::idem_core::Context<'_>,
        ) -> ::core::option::Option<
            ::core::result::Result<
                ::idem_core::__private::Taken<super::Order>,
                R::Rejection,
            >,
        > {
            let from = match from {
                super::Order::Pending { total: f0 } => Pending { total: f0 },
                #[allow(unreachable_patterns)]
                _ => return ::core::option::Option::None,
            };
            ::core::option::Option::Some(
                ::idem_core::__private::taken(self.0.pay(from, command, cx), Reply::Pay),
            )
        }
        fn ship(
            &self,
            from: super::Order,
            command: &Ship,
            cx: &::idem_core::Context<'_>,
        ) -> ::core::option::Option<
            ::core::result::Result<
                ::idem_core::__private::Taken<super::Order>,
                R::Rejection,
            >,
        > {
            let from = match from {
                super::Order::Paid { receipt: f0 } => Paid { receipt: f0 },
                #[allow(unreachable_patterns)]
                _ => return ::core::option::Option::None,
            };
            ::core::option::Option::Some(
                ::idem_core::__private::taken(
                    self.0.ship(from, command, cx),
                    Reply::Ship,
                ),
            )
        }
        fn cancel(
            &self,
            from: super::Order,
            command: &Cancel,
            cx: &::idem_core::Context<'_>,
        ) -> ::core::option::Option<
            ::core::result::Result<
                ::idem_core::__private::Taken<super::Order>,
                R::Rejection,
            >,
        > {
            let from = match from {
                super::Order::Pending { total: f0 } => {
                    CancelFrom::Pending(Pending { total: f0 })
                }
                super::Order::Paid { receipt: f0 } => {
                    CancelFrom::Paid(Paid { receipt: f0 })
                }
                #[allow(unreachable_patterns)]
                _ => return ::core::option::Option::None,
            };
            ::core::option::Option::Some(
                ::idem_core::__private::taken(
                    self.0.cancel(from, command, cx),
                    Reply::Cancel,
                ),
            )
        }
    }
    #[automatically_derived]
    impl<R: Transitions> ::idem_core::__private::Rules for Driver<R> {
        type Machine = super::Order;
        type Rejection = R::Rejection;
        #[allow(unused_variables)]
        fn run(
            &self,
            from: super::Order,
            command: &Command,
            cx: &::idem_core::Context<'_>,
        ) -> ::core::option::Option<
            ::core::result::Result<
                ::idem_core::__private::Taken<super::Order>,
                R::Rejection,
            >,
        > {
            match *command {
                Command::Pay(ref command) => self.pay(from, command, cx),
                Command::Ship(ref command) => self.ship(from, command, cx),
                Command::Cancel(ref command) => self.cancel(from, command, cx),
            }
        }
    }
    #[automatically_derived]
    impl ::idem_core::__private::Machine for super::Order {
        type StateKind = StateKind;
        type Command = Command;
        type Reply = Reply;
        const GRAPH: &'static ::idem_core::__private::Graph = {
            #[allow(unused_imports)]
            use ::idem_core::__private::{CommandInfo, Edge, Graph, Repeat, StateInfo};
            &Graph::__new(
                "Order",
                &[
                    StateInfo::__new("Pending", "Pending", &[], false, true),
                    StateInfo::__new("Paid", "Paid", &[], false, true),
                    StateInfo::__new("Declined", "Declined", &[], true, true),
                    StateInfo::__new("Shipped", "Shipped", &[], true, true),
                    StateInfo::__new("Cancelled", "Cancelled", &[], true, true),
                ],
                &[
                    CommandInfo::__new("Pay", "Pay", &[], Repeat::Once, &[]),
                    CommandInfo::__new("Ship", "Ship", &[], Repeat::Once, &[]),
                    CommandInfo::__new("Cancel", "Cancel", &[], Repeat::Once, &[]),
                ],
                &[
                    Edge::__new(0usize, 0usize, &[1usize, 2usize]),
                    Edge::__new(0usize, 2usize, &[4usize]),
                    Edge::__new(1usize, 1usize, &[3usize]),
                    Edge::__new(1usize, 2usize, &[4usize]),
                ],
                0usize,
            )
        };
        fn state(&self) -> usize {
            StateKind::from(self) as usize
        }
        fn kind(state: usize) -> StateKind {
            match StateKind::ALL.get(state) {
                ::core::option::Option::Some(kind) => *kind,
                ::core::option::Option::None => StateKind::Pending,
            }
        }
        fn position(kind: StateKind) -> usize {
            kind as usize
        }
        fn bare(state: usize) -> ::core::option::Option<Self> {
            match state {
                _ => ::core::option::Option::None,
            }
        }
        fn command(command: &Command) -> usize {
            match *command {
                Command::Pay(_) => 0usize,
                Command::Ship(_) => 1usize,
                Command::Cancel(_) => 2usize,
            }
        }
        fn write_payload(
            command: &Command,
        ) -> ::core::result::Result<
            ::idem_core::__private::Stored,
            ::idem_core::__private::WireError,
        > {
            match *command {
                Command::Pay(ref payload) => Probe::<Pay>::encode(payload),
                Command::Ship(ref payload) => Probe::<Ship>::encode(payload),
                Command::Cancel(ref payload) => Probe::<Cancel>::encode(payload),
            }
        }
        fn read_command(
            command: usize,
            payload: &::idem_core::__private::Stored,
        ) -> ::core::result::Result<Command, ::idem_core::__private::WireError> {
            match command {
                0usize => Probe::<Pay>::decode(payload).map(Command::Pay),
                1usize => Probe::<Ship>::decode(payload).map(Command::Ship),
                2usize => Probe::<Cancel>::decode(payload).map(Command::Cancel),
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
            command: usize,
            outcome: &::idem_core::__private::Stored,
        ) -> ::core::result::Result<Reply, ::idem_core::__private::WireError> {
            match command {
                0usize => Probe::<super::__IdemOrderT1>::decode(outcome).map(Reply::Pay),
                1usize => Probe::<()>::decode(outcome).map(Reply::Ship),
                2usize => Probe::<()>::decode(outcome).map(Reply::Cancel),
                _ => {
                    ::core::result::Result::Err(
                        ::idem_core::__private::WireError::Format(
                            ::core::option::Option::None,
                        ),
                    )
                }
            }
        }
        fn copy_outcome(reply: &Reply, copy: &mut dyn ::core::any::Any) {
            match *reply {
                Reply::Pay(ref outcome) => {
                    Probe::<super::__IdemOrderT1>::copy(outcome, Reply::Pay, copy)
                }
                Reply::Ship(ref outcome) => Probe::<()>::copy(outcome, Reply::Ship, copy),
                Reply::Cancel(ref outcome) => {
                    Probe::<()>::copy(outcome, Reply::Cancel, copy)
                }
            }
        }
    }
    /// Whether `command` is legal in `state`.
    pub const fn guard(state: StateKind, command: CommandKind) -> bool {
        const LEGAL: [[u64; 1usize]; 5usize] = [[5u64], [6u64], [0u64], [0u64], [0u64]];
        let command = command as usize;
        LEGAL[state as usize][command / 64usize] >> (command % 64usize) & 1 == 1
    }
    /// The commands that are legal in `state`.
    pub const fn allowed(state: StateKind) -> &'static [CommandKind] {
        match state {
            StateKind::Pending => &[CommandKind::Pay, CommandKind::Cancel],
            StateKind::Paid => &[CommandKind::Ship, CommandKind::Cancel],
            StateKind::Declined => &[],
            StateKind::Shipped => &[],
            StateKind::Cancelled => &[],
        }
    }
    /// Why `command` is not legal in `state`, and what would be; `None` if it is legal.
    pub fn why_not(
        state: StateKind,
        command: CommandKind,
    ) -> ::core::option::Option<::idem_core::__private::WhyNot> {
        if guard(state, command) {
            return ::core::option::Option::None;
        }
        let allowed: &'static [&'static str] = match state {
            StateKind::Pending => &["Pay", "Cancel"],
            StateKind::Paid => &["Ship", "Cancel"],
            StateKind::Declined => &[],
            StateKind::Shipped => &[],
            StateKind::Cancelled => &[],
        };
        let legal_in: &'static [&'static str] = match command {
            CommandKind::Pay => &["Pending"],
            CommandKind::Ship => &["Paid"],
            CommandKind::Cancel => &["Pending", "Paid"],
        };
        let why = ::idem_core::__private::WhyNot::__new(
            state.name(),
            command.name(),
            allowed,
            legal_in,
        );
        ::core::option::Option::Some(why)
    }
    /// The graph as a Mermaid state diagram.
    pub const fn mermaid() -> &'static str {
        "stateDiagram-v2\n    [*] --> Pending\n    Pending --> Paid: Pay\n    Pending --> Declined: Pay\n    Pending --> Cancelled: Cancel\n    Paid --> Shipped: Ship\n    Paid --> Cancelled: Cancel\n    Declined --> [*]\n    Shipped --> [*]\n    Cancelled --> [*]\n"
    }
    /// The graph as a Graphviz digraph.
    pub const fn dot() -> &'static str {
        "digraph \"Order\" {\n    rankdir=LR;\n    \"Pending\" [shape=ellipse, style=bold];\n    \"Paid\" [shape=ellipse];\n    \"Declined\" [shape=doublecircle];\n    \"Shipped\" [shape=doublecircle];\n    \"Cancelled\" [shape=doublecircle];\n    \"Pending\" -> \"Paid\" [label=\"Pay\"];\n    \"Pending\" -> \"Declined\" [label=\"Pay\"];\n    \"Pending\" -> \"Cancelled\" [label=\"Cancel\"];\n    \"Paid\" -> \"Shipped\" [label=\"Ship\"];\n    \"Paid\" -> \"Cancelled\" [label=\"Cancel\"];\n}\n"
    }
    ::idem_core::__stored! {
        #[doc = r" All machines of this enum in one database. Cheap to clone."] pub
        struct Machines < DB : ::idem_core::Database, R : Transitions >
        (::idem_core::machine::Machines < DB, Driver < R >>) where;
        #[automatically_derived] impl < DB : ::idem_core::Database, R : Transitions >
        ::core::clone::Clone for Machines < DB, R > where { fn clone(& self) -> Self {
        Self(::core::clone::Clone::clone(& self.0)) } } #[automatically_derived] impl <
        DB : ::idem_core::Database, R : Transitions > ::core::fmt::Debug for Machines <
        DB, R > where { fn fmt(& self, f : & mut ::core::fmt::Formatter < '_ >) ->
        ::core::fmt::Result { ::core::fmt::Debug::fmt(& self.0, f) } }
        #[automatically_derived] impl < DB : ::idem_core::Database, R : Transitions >
        ::core::ops::Deref for Machines < DB, R > where { type Target =
        ::idem_core::machine::Machines < DB, Driver < R >>; fn deref(& self) -> &
        Self::Target { & self.0 } } impl < DB : ::idem_core::Database, R : Transitions >
        Machines < DB, R > where { pub (super) fn __new(idem : & ::idem_core::Idem < DB
        >, rules : R) -> Self { Self(::idem_core::machine::Machines::__new(idem,
        Driver(rules))) } #[doc = r" The machine called `id`, stored or not."] pub fn
        at(& self, id : impl ::core::convert::Into < ::std::string::String >) -> At < DB,
        R > { At(self.0.__at(id)) } } #[doc = r" One machine. Cheap to clone."] pub
        struct At < DB : ::idem_core::Database, R : Transitions >
        (::idem_core::machine::At < DB, Driver < R >>) where; #[automatically_derived]
        impl < DB : ::idem_core::Database, R : Transitions > ::core::clone::Clone for At
        < DB, R > where { fn clone(& self) -> Self { Self(::core::clone::Clone::clone(&
        self.0)) } } #[automatically_derived] impl < DB : ::idem_core::Database, R :
        Transitions > ::core::fmt::Debug for At < DB, R > where { fn fmt(& self, f : &
        mut ::core::fmt::Formatter < '_ >) -> ::core::fmt::Result {
        ::core::fmt::Debug::fmt(& self.0, f) } } #[automatically_derived] impl < DB :
        ::idem_core::Database, R : Transitions > ::core::ops::Deref for At < DB, R >
        where { type Target = ::idem_core::machine::At < DB, Driver < R >>; fn deref(&
        self) -> & Self::Target { & self.0 } } impl < DB : ::idem_core::Database, R :
        Transitions > At < DB, R > where { #[doc =
        r" Puts the machine into its initial state, once."] pub fn start(& self, initial
        : Pending) -> ::idem_core::machine::Call < '_, (), R::Rejection > { self.0
        .__start(::core::convert::From::from(initial)) } #[doc =
        r" The machine inside the caller's transaction: what it does commits with the transaction."]
        pub fn within < 't > (& self, tx : & 't mut ::idem_core::Tx < DB >) -> Within <
        't, DB, R > { Within(self.0.__within(tx)) } #[doc =
        "The command `Pay`; legal in `Pending`."] pub fn pay(& self, key : impl
        ::idem_core::__private::Named < Pay >, pay : Pay) -> ::idem_core::machine::Call <
        '_, super::__IdemOrderT1, R::Rejection > where for < 'idem > super::__IdemOrderT1
        : ::idem_core::__private::State { self.0
        .__call(::idem_core::__private::Named::__key(key), Command::Pay(pay)) } #[doc =
        "The command `Ship`; legal in `Paid`."] pub fn ship(& self, key : impl
        ::idem_core::__private::Named < Ship >, ship : Ship) ->
        ::idem_core::machine::Call < '_, (), R::Rejection > { self.0
        .__call(::idem_core::__private::Named::__key(key), Command::Ship(ship)) } #[doc =
        "The command `Cancel`; legal in `Pending` or `Paid`."] pub fn cancel(& self, key
        : impl ::idem_core::__private::Named < Cancel >, cancel : Cancel) ->
        ::idem_core::machine::Call < '_, (), R::Rejection > { self.0
        .__call(::idem_core::__private::Named::__key(key), Command::Cancel(cancel)) }
        #[doc =
        r" Runs a command that was decoded from a wire, with a `&Key`, an `Option<&Key>`, or `Natural`. Without a key"]
        #[doc =
        r" it must be one that `Natural` could name, else the answer is `KeyRequired`."]
        pub fn apply < 'key > (& self, key : impl ::core::convert::Into <
        ::core::option::Option < & 'key::idem_core::Key >>, command : Command,) ->
        ::idem_core::machine::Call < '_, Reply, R::Rejection > { let key :
        ::core::option::Option < & ::idem_core::Key > = ::core::convert::Into::into(key);
        self.0.__apply(key.cloned(), command) } } #[doc =
        r" One machine inside the caller's transaction."] pub struct Within < 't, DB :
        ::idem_core::Database, R : Transitions > (::idem_core::machine::Within < 't, DB,
        Driver < R >>) where; #[automatically_derived] impl < DB : ::idem_core::Database,
        R : Transitions > ::core::fmt::Debug for Within < '_, DB, R > where { fn fmt(&
        self, f : & mut ::core::fmt::Formatter < '_ >) -> ::core::fmt::Result {
        ::core::fmt::Debug::fmt(& self.0, f) } } impl < 't, DB : ::idem_core::Database, R
        : Transitions > Within < 't, DB, R > where { #[doc =
        r" Puts the machine into its initial state, once."] pub fn start(self, initial :
        Pending) -> ::idem_core::machine::Call < 't, (), R::Rejection > { self.0
        .__start(::core::convert::From::from(initial)) } #[doc =
        r" The machine as the transaction sees it, locked until the transaction ends."]
        #[doc = r""] #[doc = r" # Errors"] #[doc =
        r" If the store cannot be reached or the state no longer decodes."] pub async fn
        get(self,) -> ::core::result::Result < ::core::option::Option <
        ::idem_core::machine::StoredMachine < super::Order >>, ::idem_core::Error, > {
        self.0.get(). await } #[doc = "The command `Pay`; legal in `Pending`."] pub fn
        pay(self, key : impl ::idem_core::__private::Named < Pay >, pay : Pay) ->
        ::idem_core::machine::Call < 't, super::__IdemOrderT1, R::Rejection > where for <
        'idem > super::__IdemOrderT1 : ::idem_core::__private::State { self.0
        .__call(::idem_core::__private::Named::__key(key), Command::Pay(pay)) } #[doc =
        "The command `Ship`; legal in `Paid`."] pub fn ship(self, key : impl
        ::idem_core::__private::Named < Ship >, ship : Ship) ->
        ::idem_core::machine::Call < 't, (), R::Rejection > { self.0
        .__call(::idem_core::__private::Named::__key(key), Command::Ship(ship)) } #[doc =
        "The command `Cancel`; legal in `Pending` or `Paid`."] pub fn cancel(self, key :
        impl ::idem_core::__private::Named < Cancel >, cancel : Cancel) ->
        ::idem_core::machine::Call < 't, (), R::Rejection > { self.0
        .__call(::idem_core::__private::Named::__key(key), Command::Cancel(cancel)) }
        #[doc =
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
    pub struct InMemory<R: Transitions>(::idem_core::machine::InMemory<Driver<R>>);
    impl<R: Transitions> InMemory<R> {
        pub(super) fn __new(rules: R, initial: Pending) -> Self {
            Self(
                ::idem_core::machine::InMemory::__new(
                    Driver(rules),
                    ::core::convert::From::from(initial),
                ),
            )
        }
        ///The command `Pay`; legal in `Pending`.
        pub fn pay(
            &mut self,
            key: impl ::idem_core::__private::Named<Pay>,
            pay: Pay,
        ) -> ::core::result::Result<
            ::idem_core::Outcome<super::__IdemOrderT1>,
            ::idem_core::Error<R::Rejection>,
        >
        where
            for<'idem> super::__IdemOrderT1: ::idem_core::__private::State,
        {
            self.0.__call(::idem_core::__private::Named::__key(key), Command::Pay(pay))
        }
        ///The command `Ship`; legal in `Paid`.
        pub fn ship(
            &mut self,
            key: impl ::idem_core::__private::Named<Ship>,
            ship: Ship,
        ) -> ::core::result::Result<
            ::idem_core::Outcome<()>,
            ::idem_core::Error<R::Rejection>,
        > {
            self.0.__call(::idem_core::__private::Named::__key(key), Command::Ship(ship))
        }
        ///The command `Cancel`; legal in `Pending` or `Paid`.
        pub fn cancel(
            &mut self,
            key: impl ::idem_core::__private::Named<Cancel>,
            cancel: Cancel,
        ) -> ::core::result::Result<
            ::idem_core::Outcome<()>,
            ::idem_core::Error<R::Rejection>,
        > {
            self.0
                .__call(
                    ::idem_core::__private::Named::__key(key),
                    Command::Cancel(cancel),
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
            ::idem_core::Error<R::Rejection>,
        > {
            let key: ::core::option::Option<&::idem_core::Key> = ::core::convert::Into::into(
                key,
            );
            self.0.__apply(key.cloned(), command)
        }
    }
    #[automatically_derived]
    impl<R: Transitions> ::core::fmt::Debug for InMemory<R> {
        fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
            ::core::fmt::Debug::fmt(&self.0, f)
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
    impl<T: ::idem_core::__private::State> WithSerde for T {}
    const _: () = {
        const fn must_have_serde<T: WithSerde>() {}
        must_have_serde::<super::__IdemOrderT0>();
        must_have_serde::<super::__IdemOrderT2>();
        must_have_serde::<super::__IdemOrderT1>();
    };
    #[doc(hidden)]
    #[allow(dead_code)]
    struct Probe<T>(::core::marker::PhantomData<T>);
    #[allow(dead_code)]
    impl<T: ::idem_core::__private::State> Probe<T> {
        fn encode(
            value: &T,
        ) -> ::core::result::Result<
            ::idem_core::__private::Stored,
            ::idem_core::__private::WireError,
        > {
            ::idem_core::__private::Stored::encode(value)
        }
        fn decode(
            stored: &::idem_core::__private::Stored,
        ) -> ::core::result::Result<T, ::idem_core::__private::WireError> {
            stored.decode()
        }
        fn serialize<S: ::idem_core::__private::serde::Serializer>(
            value: &T,
            serializer: S,
        ) -> ::core::result::Result<S::Ok, S::Error> {
            ::idem_core::__private::serde::Serialize::serialize(value, serializer)
        }
    }
    #[allow(dead_code)]
    impl<T: ::core::clone::Clone + 'static> Probe<T> {
        fn copy(outcome: &T, reply: fn(T) -> Reply, copy: &mut dyn ::core::any::Any) {
            ::idem_core::__private::copy_outcome(outcome, reply, copy)
        }
    }
    #[doc(hidden)]
    #[allow(dead_code)]
    trait Unstored<T> {
        fn encode(
            _: &T,
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
        ) -> ::core::result::Result<T, ::idem_core::__private::WireError> {
            ::core::result::Result::Err(
                ::idem_core::__private::WireError::Format(::core::option::Option::None),
            )
        }
        fn serialize<S: ::idem_core::__private::serde::Serializer>(
            _: &T,
            _: S,
        ) -> ::core::result::Result<S::Ok, S::Error> {
            ::core::result::Result::Err(
                ::idem_core::__private::serde::ser::Error::custom("no serde"),
            )
        }
        fn copy(_: &T, _: fn(T) -> Reply, _: &mut dyn ::core::any::Any) {}
    }
    impl<T> Unstored<T> for Probe<T> {}
}
