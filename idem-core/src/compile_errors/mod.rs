//! The errors of [`idempotent_fsm`](crate::idempotent_fsm), a page each: the rule, the fix, a program that makes the mistake, and what the
//! compiler says of it.

#[doc = include_str!("F001.md")]
pub mod f001 {}
#[doc = include_str!("F002.md")]
pub mod f002 {}
#[doc = include_str!("F003.md")]
pub mod f003 {}
#[doc = include_str!("F004.md")]
pub mod f004 {}
#[doc = include_str!("F005.md")]
pub mod f005 {}
#[doc = include_str!("F006.md")]
pub mod f006 {}
#[doc = include_str!("F101.md")]
pub mod f101 {}
#[doc = include_str!("F102.md")]
pub mod f102 {}
#[doc = include_str!("F103.md")]
pub mod f103 {}
#[doc = include_str!("F104.md")]
pub mod f104 {}
#[doc = include_str!("F105.md")]
pub mod f105 {}
#[doc = include_str!("F106.md")]
pub mod f106 {}
#[doc = include_str!("F107.md")]
pub mod f107 {}
#[doc = include_str!("F108.md")]
pub mod f108 {}
#[doc = include_str!("F109.md")]
pub mod f109 {}
#[doc = include_str!("F110.md")]
pub mod f110 {}
#[doc = include_str!("F111.md")]
pub mod f111 {}
#[doc = include_str!("F201.md")]
pub mod f201 {}
#[doc = include_str!("F202.md")]
pub mod f202 {}
#[doc = include_str!("F203.md")]
pub mod f203 {}
#[doc = include_str!("F204.md")]
pub mod f204 {}
#[doc = include_str!("F205.md")]
pub mod f205 {}
#[doc = include_str!("F206.md")]
pub mod f206 {}
#[doc = include_str!("F207.md")]
pub mod f207 {}
#[doc = include_str!("F208.md")]
pub mod f208 {}
#[doc = include_str!("F209.md")]
pub mod f209 {}
#[doc = include_str!("F210.md")]
pub mod f210 {}
#[doc = include_str!("F301.md")]
pub mod f301 {}
#[doc = include_str!("F302.md")]
pub mod f302 {}
#[doc = include_str!("F303.md")]
pub mod f303 {}
#[doc = include_str!("F304.md")]
pub mod f304 {}
#[doc = include_str!("F305.md")]
pub mod f305 {}
#[doc = include_str!("F306.md")]
pub mod f306 {}
#[doc = include_str!("F401.md")]
pub mod f401 {}
#[doc = include_str!("F402.md")]
pub mod f402 {}
#[doc = include_str!("F403.md")]
pub mod f403 {}
#[doc = include_str!("F501.md")]
pub mod f501 {}
#[doc = include_str!("F502.md")]
pub mod f502 {}
#[doc = include_str!("F503.md")]
pub mod f503 {}
#[doc = include_str!("F504.md")]
pub mod f504 {}
#[doc = include_str!("F505.md")]
pub mod f505 {}
#[doc = include_str!("F506.md")]
pub mod f506 {}
#[doc = include_str!("F507.md")]
pub mod f507 {}
#[doc = include_str!("F508.md")]
pub mod f508 {}
#[doc = include_str!("F509.md")]
pub mod f509 {}
#[doc = include_str!("F510.md")]
pub mod f510 {}
#[doc = include_str!("F511.md")]
pub mod f511 {}
