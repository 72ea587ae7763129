//! Two hundred states, each with commands of its own and one in common.
use idem_core::idempotent_fsm;
use serde::{Deserialize, Serialize};

#[idempotent_fsm]
#[command(Step0)]
#[command(Step1)]
#[command(Step2)]
#[command(Step3)]
#[command(Step4)]
#[command(Step5)]
#[command(Step6)]
#[command(Step7)]
#[command(Step8)]
#[command(Step9)]
#[command(Step10)]
#[command(Step11)]
#[command(Step12)]
#[command(Step13)]
#[command(Step14)]
#[command(Step15)]
#[command(Step16)]
#[command(Step17)]
#[command(Step18)]
#[command(Step19)]
#[command(Stop)]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Long {
    #[initial]
    #[on(Step0 => S1)]
    #[on(Stop => S199)]
    S0,
    #[on(Step1 => S2)]
    #[on(Stop => S199)]
    S1,
    #[on(Step2 => S3)]
    #[on(Stop => S199)]
    S2,
    #[on(Step3 => S4)]
    #[on(Stop => S199)]
    S3,
    #[on(Step4 => S5)]
    #[on(Stop => S199)]
    S4,
    #[on(Step5 => S6)]
    #[on(Stop => S199)]
    S5,
    #[on(Step6 => S7)]
    #[on(Stop => S199)]
    S6,
    #[on(Step7 => S8)]
    #[on(Stop => S199)]
    S7,
    #[on(Step8 => S9)]
    #[on(Stop => S199)]
    S8,
    #[on(Step9 => S10)]
    #[on(Stop => S199)]
    S9,
    #[on(Step10 => S11)]
    #[on(Stop => S199)]
    S10,
    #[on(Step11 => S12)]
    #[on(Stop => S199)]
    S11,
    #[on(Step12 => S13)]
    #[on(Stop => S199)]
    S12,
    #[on(Step13 => S14)]
    #[on(Stop => S199)]
    S13,
    #[on(Step14 => S15)]
    #[on(Stop => S199)]
    S14,
    #[on(Step15 => S16)]
    #[on(Stop => S199)]
    S15,
    #[on(Step16 => S17)]
    #[on(Stop => S199)]
    S16,
    #[on(Step17 => S18)]
    #[on(Stop => S199)]
    S17,
    #[on(Step18 => S19)]
    #[on(Stop => S199)]
    S18,
    #[on(Step19 => S20)]
    #[on(Stop => S199)]
    S19,
    #[on(Step0 => S21)]
    #[on(Stop => S199)]
    S20,
    #[on(Step1 => S22)]
    #[on(Stop => S199)]
    S21,
    #[on(Step2 => S23)]
    #[on(Stop => S199)]
    S22,
    #[on(Step3 => S24)]
    #[on(Stop => S199)]
    S23,
    #[on(Step4 => S25)]
    #[on(Stop => S199)]
    S24,
    #[on(Step5 => S26)]
    #[on(Stop => S199)]
    S25,
    #[on(Step6 => S27)]
    #[on(Stop => S199)]
    S26,
    #[on(Step7 => S28)]
    #[on(Stop => S199)]
    S27,
    #[on(Step8 => S29)]
    #[on(Stop => S199)]
    S28,
    #[on(Step9 => S30)]
    #[on(Stop => S199)]
    S29,
    #[on(Step10 => S31)]
    #[on(Stop => S199)]
    S30,
    #[on(Step11 => S32)]
    #[on(Stop => S199)]
    S31,
    #[on(Step12 => S33)]
    #[on(Stop => S199)]
    S32,
    #[on(Step13 => S34)]
    #[on(Stop => S199)]
    S33,
    #[on(Step14 => S35)]
    #[on(Stop => S199)]
    S34,
    #[on(Step15 => S36)]
    #[on(Stop => S199)]
    S35,
    #[on(Step16 => S37)]
    #[on(Stop => S199)]
    S36,
    #[on(Step17 => S38)]
    #[on(Stop => S199)]
    S37,
    #[on(Step18 => S39)]
    #[on(Stop => S199)]
    S38,
    #[on(Step19 => S40)]
    #[on(Stop => S199)]
    S39,
    #[on(Step0 => S41)]
    #[on(Stop => S199)]
    S40,
    #[on(Step1 => S42)]
    #[on(Stop => S199)]
    S41,
    #[on(Step2 => S43)]
    #[on(Stop => S199)]
    S42,
    #[on(Step3 => S44)]
    #[on(Stop => S199)]
    S43,
    #[on(Step4 => S45)]
    #[on(Stop => S199)]
    S44,
    #[on(Step5 => S46)]
    #[on(Stop => S199)]
    S45,
    #[on(Step6 => S47)]
    #[on(Stop => S199)]
    S46,
    #[on(Step7 => S48)]
    #[on(Stop => S199)]
    S47,
    #[on(Step8 => S49)]
    #[on(Stop => S199)]
    S48,
    #[on(Step9 => S50)]
    #[on(Stop => S199)]
    S49,
    #[on(Step10 => S51)]
    #[on(Stop => S199)]
    S50,
    #[on(Step11 => S52)]
    #[on(Stop => S199)]
    S51,
    #[on(Step12 => S53)]
    #[on(Stop => S199)]
    S52,
    #[on(Step13 => S54)]
    #[on(Stop => S199)]
    S53,
    #[on(Step14 => S55)]
    #[on(Stop => S199)]
    S54,
    #[on(Step15 => S56)]
    #[on(Stop => S199)]
    S55,
    #[on(Step16 => S57)]
    #[on(Stop => S199)]
    S56,
    #[on(Step17 => S58)]
    #[on(Stop => S199)]
    S57,
    #[on(Step18 => S59)]
    #[on(Stop => S199)]
    S58,
    #[on(Step19 => S60)]
    #[on(Stop => S199)]
    S59,
    #[on(Step0 => S61)]
    #[on(Stop => S199)]
    S60,
    #[on(Step1 => S62)]
    #[on(Stop => S199)]
    S61,
    #[on(Step2 => S63)]
    #[on(Stop => S199)]
    S62,
    #[on(Step3 => S64)]
    #[on(Stop => S199)]
    S63,
    #[on(Step4 => S65)]
    #[on(Stop => S199)]
    S64,
    #[on(Step5 => S66)]
    #[on(Stop => S199)]
    S65,
    #[on(Step6 => S67)]
    #[on(Stop => S199)]
    S66,
    #[on(Step7 => S68)]
    #[on(Stop => S199)]
    S67,
    #[on(Step8 => S69)]
    #[on(Stop => S199)]
    S68,
    #[on(Step9 => S70)]
    #[on(Stop => S199)]
    S69,
    #[on(Step10 => S71)]
    #[on(Stop => S199)]
    S70,
    #[on(Step11 => S72)]
    #[on(Stop => S199)]
    S71,
    #[on(Step12 => S73)]
    #[on(Stop => S199)]
    S72,
    #[on(Step13 => S74)]
    #[on(Stop => S199)]
    S73,
    #[on(Step14 => S75)]
    #[on(Stop => S199)]
    S74,
    #[on(Step15 => S76)]
    #[on(Stop => S199)]
    S75,
    #[on(Step16 => S77)]
    #[on(Stop => S199)]
    S76,
    #[on(Step17 => S78)]
    #[on(Stop => S199)]
    S77,
    #[on(Step18 => S79)]
    #[on(Stop => S199)]
    S78,
    #[on(Step19 => S80)]
    #[on(Stop => S199)]
    S79,
    #[on(Step0 => S81)]
    #[on(Stop => S199)]
    S80,
    #[on(Step1 => S82)]
    #[on(Stop => S199)]
    S81,
    #[on(Step2 => S83)]
    #[on(Stop => S199)]
    S82,
    #[on(Step3 => S84)]
    #[on(Stop => S199)]
    S83,
    #[on(Step4 => S85)]
    #[on(Stop => S199)]
    S84,
    #[on(Step5 => S86)]
    #[on(Stop => S199)]
    S85,
    #[on(Step6 => S87)]
    #[on(Stop => S199)]
    S86,
    #[on(Step7 => S88)]
    #[on(Stop => S199)]
    S87,
    #[on(Step8 => S89)]
    #[on(Stop => S199)]
    S88,
    #[on(Step9 => S90)]
    #[on(Stop => S199)]
    S89,
    #[on(Step10 => S91)]
    #[on(Stop => S199)]
    S90,
    #[on(Step11 => S92)]
    #[on(Stop => S199)]
    S91,
    #[on(Step12 => S93)]
    #[on(Stop => S199)]
    S92,
    #[on(Step13 => S94)]
    #[on(Stop => S199)]
    S93,
    #[on(Step14 => S95)]
    #[on(Stop => S199)]
    S94,
    #[on(Step15 => S96)]
    #[on(Stop => S199)]
    S95,
    #[on(Step16 => S97)]
    #[on(Stop => S199)]
    S96,
    #[on(Step17 => S98)]
    #[on(Stop => S199)]
    S97,
    #[on(Step18 => S99)]
    #[on(Stop => S199)]
    S98,
    #[on(Step19 => S100)]
    #[on(Stop => S199)]
    S99,
    #[on(Step0 => S101)]
    #[on(Stop => S199)]
    S100,
    #[on(Step1 => S102)]
    #[on(Stop => S199)]
    S101,
    #[on(Step2 => S103)]
    #[on(Stop => S199)]
    S102,
    #[on(Step3 => S104)]
    #[on(Stop => S199)]
    S103,
    #[on(Step4 => S105)]
    #[on(Stop => S199)]
    S104,
    #[on(Step5 => S106)]
    #[on(Stop => S199)]
    S105,
    #[on(Step6 => S107)]
    #[on(Stop => S199)]
    S106,
    #[on(Step7 => S108)]
    #[on(Stop => S199)]
    S107,
    #[on(Step8 => S109)]
    #[on(Stop => S199)]
    S108,
    #[on(Step9 => S110)]
    #[on(Stop => S199)]
    S109,
    #[on(Step10 => S111)]
    #[on(Stop => S199)]
    S110,
    #[on(Step11 => S112)]
    #[on(Stop => S199)]
    S111,
    #[on(Step12 => S113)]
    #[on(Stop => S199)]
    S112,
    #[on(Step13 => S114)]
    #[on(Stop => S199)]
    S113,
    #[on(Step14 => S115)]
    #[on(Stop => S199)]
    S114,
    #[on(Step15 => S116)]
    #[on(Stop => S199)]
    S115,
    #[on(Step16 => S117)]
    #[on(Stop => S199)]
    S116,
    #[on(Step17 => S118)]
    #[on(Stop => S199)]
    S117,
    #[on(Step18 => S119)]
    #[on(Stop => S199)]
    S118,
    #[on(Step19 => S120)]
    #[on(Stop => S199)]
    S119,
    #[on(Step0 => S121)]
    #[on(Stop => S199)]
    S120,
    #[on(Step1 => S122)]
    #[on(Stop => S199)]
    S121,
    #[on(Step2 => S123)]
    #[on(Stop => S199)]
    S122,
    #[on(Step3 => S124)]
    #[on(Stop => S199)]
    S123,
    #[on(Step4 => S125)]
    #[on(Stop => S199)]
    S124,
    #[on(Step5 => S126)]
    #[on(Stop => S199)]
    S125,
    #[on(Step6 => S127)]
    #[on(Stop => S199)]
    S126,
    #[on(Step7 => S128)]
    #[on(Stop => S199)]
    S127,
    #[on(Step8 => S129)]
    #[on(Stop => S199)]
    S128,
    #[on(Step9 => S130)]
    #[on(Stop => S199)]
    S129,
    #[on(Step10 => S131)]
    #[on(Stop => S199)]
    S130,
    #[on(Step11 => S132)]
    #[on(Stop => S199)]
    S131,
    #[on(Step12 => S133)]
    #[on(Stop => S199)]
    S132,
    #[on(Step13 => S134)]
    #[on(Stop => S199)]
    S133,
    #[on(Step14 => S135)]
    #[on(Stop => S199)]
    S134,
    #[on(Step15 => S136)]
    #[on(Stop => S199)]
    S135,
    #[on(Step16 => S137)]
    #[on(Stop => S199)]
    S136,
    #[on(Step17 => S138)]
    #[on(Stop => S199)]
    S137,
    #[on(Step18 => S139)]
    #[on(Stop => S199)]
    S138,
    #[on(Step19 => S140)]
    #[on(Stop => S199)]
    S139,
    #[on(Step0 => S141)]
    #[on(Stop => S199)]
    S140,
    #[on(Step1 => S142)]
    #[on(Stop => S199)]
    S141,
    #[on(Step2 => S143)]
    #[on(Stop => S199)]
    S142,
    #[on(Step3 => S144)]
    #[on(Stop => S199)]
    S143,
    #[on(Step4 => S145)]
    #[on(Stop => S199)]
    S144,
    #[on(Step5 => S146)]
    #[on(Stop => S199)]
    S145,
    #[on(Step6 => S147)]
    #[on(Stop => S199)]
    S146,
    #[on(Step7 => S148)]
    #[on(Stop => S199)]
    S147,
    #[on(Step8 => S149)]
    #[on(Stop => S199)]
    S148,
    #[on(Step9 => S150)]
    #[on(Stop => S199)]
    S149,
    #[on(Step10 => S151)]
    #[on(Stop => S199)]
    S150,
    #[on(Step11 => S152)]
    #[on(Stop => S199)]
    S151,
    #[on(Step12 => S153)]
    #[on(Stop => S199)]
    S152,
    #[on(Step13 => S154)]
    #[on(Stop => S199)]
    S153,
    #[on(Step14 => S155)]
    #[on(Stop => S199)]
    S154,
    #[on(Step15 => S156)]
    #[on(Stop => S199)]
    S155,
    #[on(Step16 => S157)]
    #[on(Stop => S199)]
    S156,
    #[on(Step17 => S158)]
    #[on(Stop => S199)]
    S157,
    #[on(Step18 => S159)]
    #[on(Stop => S199)]
    S158,
    #[on(Step19 => S160)]
    #[on(Stop => S199)]
    S159,
    #[on(Step0 => S161)]
    #[on(Stop => S199)]
    S160,
    #[on(Step1 => S162)]
    #[on(Stop => S199)]
    S161,
    #[on(Step2 => S163)]
    #[on(Stop => S199)]
    S162,
    #[on(Step3 => S164)]
    #[on(Stop => S199)]
    S163,
    #[on(Step4 => S165)]
    #[on(Stop => S199)]
    S164,
    #[on(Step5 => S166)]
    #[on(Stop => S199)]
    S165,
    #[on(Step6 => S167)]
    #[on(Stop => S199)]
    S166,
    #[on(Step7 => S168)]
    #[on(Stop => S199)]
    S167,
    #[on(Step8 => S169)]
    #[on(Stop => S199)]
    S168,
    #[on(Step9 => S170)]
    #[on(Stop => S199)]
    S169,
    #[on(Step10 => S171)]
    #[on(Stop => S199)]
    S170,
    #[on(Step11 => S172)]
    #[on(Stop => S199)]
    S171,
    #[on(Step12 => S173)]
    #[on(Stop => S199)]
    S172,
    #[on(Step13 => S174)]
    #[on(Stop => S199)]
    S173,
    #[on(Step14 => S175)]
    #[on(Stop => S199)]
    S174,
    #[on(Step15 => S176)]
    #[on(Stop => S199)]
    S175,
    #[on(Step16 => S177)]
    #[on(Stop => S199)]
    S176,
    #[on(Step17 => S178)]
    #[on(Stop => S199)]
    S177,
    #[on(Step18 => S179)]
    #[on(Stop => S199)]
    S178,
    #[on(Step19 => S180)]
    #[on(Stop => S199)]
    S179,
    #[on(Step0 => S181)]
    #[on(Stop => S199)]
    S180,
    #[on(Step1 => S182)]
    #[on(Stop => S199)]
    S181,
    #[on(Step2 => S183)]
    #[on(Stop => S199)]
    S182,
    #[on(Step3 => S184)]
    #[on(Stop => S199)]
    S183,
    #[on(Step4 => S185)]
    #[on(Stop => S199)]
    S184,
    #[on(Step5 => S186)]
    #[on(Stop => S199)]
    S185,
    #[on(Step6 => S187)]
    #[on(Stop => S199)]
    S186,
    #[on(Step7 => S188)]
    #[on(Stop => S199)]
    S187,
    #[on(Step8 => S189)]
    #[on(Stop => S199)]
    S188,
    #[on(Step9 => S190)]
    #[on(Stop => S199)]
    S189,
    #[on(Step10 => S191)]
    #[on(Stop => S199)]
    S190,
    #[on(Step11 => S192)]
    #[on(Stop => S199)]
    S191,
    #[on(Step12 => S193)]
    #[on(Stop => S199)]
    S192,
    #[on(Step13 => S194)]
    #[on(Stop => S199)]
    S193,
    #[on(Step14 => S195)]
    #[on(Stop => S199)]
    S194,
    #[on(Step15 => S196)]
    #[on(Stop => S199)]
    S195,
    #[on(Step16 => S197)]
    #[on(Stop => S199)]
    S196,
    #[on(Step17 => S198)]
    #[on(Stop => S199)]
    S197,
    #[on(Step18 => S199)]
    #[on(Stop => S199)]
    S198,
    #[terminal]
    S199,
}

#[test]
fn machine_with_200_states_compiles_and_runs() {
    assert_eq!(long::StateKind::ALL.len(), 200);
    assert!(long::guard(long::StateKind::S7, long::CommandKind::Step7));
    assert!(!long::guard(long::StateKind::S7, long::CommandKind::Step8));
    let why = long::why_not(long::StateKind::S7, long::CommandKind::Step8).unwrap();
    assert_eq!(why.legal_in.len(), 10);
}
