//! Compiles the loops of an oracle.

use super::clif::{self, Places};
use super::forms::{Forms, OutForm};
use super::memory::Pages;
use super::run::{Entry, NativeLoop, StageCode};
use super::schedule::{Schedule, Stage};
use crate::kernel::CompiledOracle;
use crate::kernel::exec::{BoundLoop, Code};
use crate::kernel::program::{KernelId, Part, Program, Step};
use cranelift_codegen::isa::{OwnedTargetIsa, TargetIsa};
use cranelift_codegen::settings::{self, Configurable};
use cranelift_codegen::{Context, control::ControlPlane};
use cranelift_frontend::FunctionBuilderContext;
use indexmap::IndexMap;
use std::cell::Cell;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::sync::Arc;

/// Ops compiled for one oracle; loops beyond them stay with the portable executor, those with most work last.
const MAX_TOTAL_OPS: usize = 400_000;
/// Of these, ops of loops that do not gain in a single evaluation what compiling them takes: some 50 ms.
const QUICK_OPS: usize = 15_000;
/// The portable executor takes about half a nanosecond per op and instance, the compiler about three microseconds per
/// op: with so many instances native code pays at once.
const MANY: usize = 6_000;
/// Kernels of more than `BIG` ops for no more than `FEW` instances are not compiled: the executor takes some
/// nanoseconds per op of them, so that compiling takes as long as hundreds of evaluations.
const BIG: usize = 2_000;
const FEW: usize = 16;
/// Most that may be asked for: slots of the scratch are addressed with 32 bits.
const MOST_OPS: usize = 900_000;

thread_local! {
    static ATTACHED: Cell<u64> = const { Cell::new(0) };
}

/// How often this thread has made machine code for an oracle so far.
pub fn attachments() -> u64 {
    ATTACHED.get()
}

/// Which instructions code may use.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Level {
    /// All that this machine has.
    #[default]
    Machine,
    /// Those every machine of this kind has.
    Portable,
}

/// Why there is no native code.
#[derive(Debug, thiserror::Error)]
pub enum JitError {
    /// No code is made for this kind of machine.
    #[error("no native code for this machine: {0}")]
    Machine(String),
    /// Cranelift refused a function: a defect.
    #[error("a function was not compiled: {0}")]
    Function(String),
    /// The system gave no executable memory.
    #[error("no executable memory: {0}")]
    Memory(#[from] std::io::Error),
}

/// What was compiled.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Summary {
    /// Functions.
    pub functions: usize,
    /// Bytes of code.
    pub bytes: usize,
    /// Loops that stay with the portable executor.
    pub portable: usize,
    /// What functions do, in all of them: each value computed, kept or given to an out.
    pub items: usize,
    /// The same in the longest one.
    pub longest: usize,
}

/// The text forms of code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Text {
    /// Cranelift's IR.
    Clif,
    /// Instructions of the machine.
    Asm,
}

/// A compiler for this machine.
pub struct Jit {
    isa: OwnedTargetIsa,
    /// Most ops compiled for one oracle, if not as many as are likely to pay.
    budget: Option<usize>,
}

/// What is known of a unit of code before it is written: a kernel and the forms of its addresses.
pub(super) struct Draft {
    /// The forms.
    pub forms: Forms,
    /// The kernel, cut.
    pub schedule: Schedule,
    /// The loops it serves.
    pub members: Vec<usize>,
}

/// Code of all loops of an oracle, not yet executable.
struct Written {
    /// The functions of each unit, and the loops they serve.
    units: Vec<(Arc<StageCode>, Vec<usize>)>,
    bytes: Vec<u8>,
    summary: Summary,
}

/// A change of what is to be compiled.
pub(super) type Edit<'a> = &'a mut dyn FnMut(&mut [Draft], &[&mut BoundLoop]);

impl Jit {
    /// A compiler for this machine.
    ///
    /// # Errors
    /// [`JitError::Machine`] where there is no code generator or the machine lacks what vectors need.
    pub fn new(level: Level) -> Result<Self, JitError> {
        if !has_vectors() {
            return Err(JitError::Machine("only x86-64 with SSE4.1 is supported".into()));
        }
        let unknown = |e: &dyn std::fmt::Display| JitError::Machine(e.to_string());
        let mut flags = settings::builder();
        let wanted = [
            ("opt_level", "none"),
            ("regalloc_algorithm", "backtracking"),
            ("enable_verifier", if cfg!(debug_assertions) { "true" } else { "false" }),
            ("enable_probestack", "false"),
            ("unwind_info", "false"),
            ("is_pic", "false"),
        ];
        for (name, value) in wanted {
            flags.set(name, value).map_err(|e| unknown(&e))?;
        }
        let mut builder = cranelift_native::builder_with_options(level == Level::Machine).map_err(|e| unknown(&e))?;
        if level == Level::Portable {
            for needed in ["has_sse3", "has_ssse3", "has_sse41"] {
                builder.enable(needed).map_err(|e| unknown(&e))?;
            }
        }
        let isa = builder.finish(settings::Flags::new(flags)).map_err(|e| unknown(&e))?;
        Ok(Self { isa, budget: None })
    }

    /// The same, with `ops` ops compiled for one oracle if there are so many, whether that pays or not. The portable
    /// executor runs the rest.
    pub fn with_budget(self, ops: usize) -> Self {
        Self { budget: Some(ops.min(MOST_OPS)), ..self }
    }

    /// Gives the loops of an oracle native code. Workspaces taken before do not fit any more.
    ///
    /// # Errors
    /// [`JitError`]; the oracle is then unchanged.
    pub fn attach(&self, oracle: &mut CompiledOracle) -> Result<Summary, JitError> {
        self.attach_edited(oracle, &mut |_, _| ())
    }

    /// As [`Jit::attach`], with a change on the way.
    pub(super) fn attach_edited(&self, oracle: &mut CompiledOracle, edit: Edit<'_>) -> Result<Summary, JitError> {
        ATTACHED.set(ATTACHED.get() + 1);
        let lens = oracle.buffer_lens();
        let (program, mut loops) = oracle.loops_mut();
        let Written { units, bytes, mut summary } = self.write(program, &loops, edit)?;
        let pages = Arc::new(Pages::new(&bytes)?);
        for (plan, members) in &units {
            for &k in members {
                let native = NativeLoop::new(plan.clone(), pages.clone(), loops[k], lens);
                summary.portable += usize::from(native.is_none());
                loops[k].code = Code(native.map(|n| Arc::new(n) as _));
            }
        }
        Ok(summary)
    }

    /// The bytes of the code that [`Jit::attach`] would give an oracle.
    ///
    /// # Errors
    /// As [`Jit::attach`].
    pub fn bytes(&self, oracle: &mut CompiledOracle) -> Result<Vec<u8>, JitError> {
        let (program, loops) = oracle.loops_mut();
        Ok(self.write(program, &loops, &mut |_, _| ())?.bytes)
    }

    fn write(&self, program: &Program, loops: &[&mut BoundLoop], edit: Edit<'_>) -> Result<Written, JitError> {
        let mut summary = Summary::default();
        let chosen = chosen(program, loops, self.budget, &mut summary);
        let draft = |((kernel, forms), members): ((KernelId, Forms), Vec<usize>)| {
            let schedule = Schedule::new(&program.kernels[kernel], &forms);
            Draft { forms, schedule, members }
        };
        let mut drafts: Vec<Draft> = chosen.into_iter().map(draft).collect();
        edit(&mut drafts, loops);
        let mut compiler = Compiler::new(&*self.isa);
        let mut units = Vec::with_capacity(drafts.len());
        for Draft { forms, schedule, members } in drafts {
            units.push((Arc::new(compiler.unit(&schedule, &forms)?), members));
        }
        summary = Summary { portable: summary.portable, bytes: compiler.bytes.len(), ..compiler.summary };
        Ok(Written { units, bytes: compiler.bytes, summary })
    }

    /// The functions of all loops as text.
    ///
    /// # Errors
    /// As [`Jit::attach`].
    pub fn text(&self, oracle: &mut CompiledOracle, form: Text) -> Result<String, JitError> {
        let (program, loops) = oracle.loops_mut();
        let units = chosen(program, &loops, self.budget, &mut Summary::default());
        let mut compiler = Compiler::new(&*self.isa);
        let mut out = String::new();
        compiler.text = Some(form);
        for ((kernel, forms), _) in &units {
            let body = &program.kernels[*kernel];
            if body.outs.is_empty() || body.body.is_empty() && body.once.is_empty() {
                continue;
            }
            compiler.shown.clear();
            compiler.unit(&Schedule::new(&program.kernels[*kernel], forms), forms)?;
            let _ = writeln!(out, "; kernel {}: {}", kernel.0, uses(program, *kernel));
            out += &compiler.shown;
        }
        let written: BTreeSet<KernelId> = units.keys().map(|(kernel, _)| *kernel).collect();
        let wanted: BTreeSet<KernelId> = loops.iter().filter(|l| l.count > 0).map(|l| l.kernel).collect();
        for kernel in wanted.difference(&written) {
            let _ = writeln!(out, "; kernel {}: left to the portable executor", kernel.0);
        }
        Ok(out)
    }
}

/// What a kernel is for, in words.
fn uses(program: &Program, kernel: KernelId) -> String {
    let words = |part: Part| match part {
        Part::Objectives => "value of the objective",
        Part::PullObjectives => "gradient",
        Part::HessianTop => "Hessian",
        Part::HessianProduct => "Hessian times a direction",
        other => other.name(),
    };
    let of = Part::ALL.into_iter().filter(|part| program.part(*part).contains(&Step::Loop(kernel)));
    of.map(words).collect::<Vec<_>>().join(", ")
}

/// Whether this machine has the instructions that all code uses.
#[cfg(target_arch = "x86_64")]
fn has_vectors() -> bool {
    is_x86_feature_detected!("sse3") && is_x86_feature_detected!("ssse3") && is_x86_feature_detected!("sse4.1")
}

#[cfg(not(target_arch = "x86_64"))]
fn has_vectors() -> bool {
    false
}

/// The different loops to compile, and which loops they serve; most work per compiled op first. Without a budget only
/// those that are likely to pay.
fn chosen(
    program: &Program,
    loops: &[&mut BoundLoop],
    budget: Option<usize>,
    summary: &mut Summary,
) -> IndexMap<(KernelId, Forms), Vec<usize>> {
    let mut units: IndexMap<(KernelId, Forms), Vec<usize>> = IndexMap::new();
    for (k, bound) in loops.iter().enumerate().filter(|(_, bound)| bound.count > 0) {
        units.entry((bound.kernel, Forms::of(bound))).or_default().push(k);
    }
    let size = |kernel: KernelId| program.kernels[kernel].body.len();
    let most = |members: &[usize]| members.iter().map(|k| loops[*k].count).max().unwrap_or(0);
    let total: usize = units.keys().map(|(kernel, _)| size(*kernel)).sum();
    if total > budget.unwrap_or(QUICK_OPS) {
        units.sort_by(|_, a, _, b| most(b).cmp(&most(a)));
    }
    let mut left = budget.unwrap_or(MAX_TOTAL_OPS);
    let mut quick = budget.unwrap_or(QUICK_OPS);
    units.retain(|(kernel, _), members| {
        let (size, count) = (size(*kernel), most(members));
        let pays = budget.is_some() || (count >= MANY || (size <= quick && (count > FEW || size <= BIG)));
        let fits = pays && size <= left;
        if fits {
            left -= size;
            quick = quick.saturating_sub(size);
        } else {
            summary.portable += members.len();
        }
        fits
    });
    units
}

struct Compiler<'a> {
    isa: &'a dyn TargetIsa,
    context: Context,
    memory: FunctionBuilderContext,
    control: ControlPlane,
    bytes: Vec<u8>,
    summary: Summary,
    text: Option<Text>,
    shown: String,
}

/// Functions begin at multiples of this.
const ALIGN: usize = 32;

impl<'a> Compiler<'a> {
    fn new(isa: &'a dyn TargetIsa) -> Self {
        Self {
            isa,
            context: Context::new(),
            memory: FunctionBuilderContext::new(),
            control: ControlPlane::default(),
            bytes: Vec::new(),
            summary: Summary::default(),
            text: None,
            shown: String::new(),
        }
    }

    /// The code of one kernel for one form of addresses.
    fn unit(&mut self, schedule: &Schedule, forms: &Forms) -> Result<StageCode, JitError> {
        let reduces = forms.outs.iter().filter(|o| **o == OutForm::Reduce).count();
        let sums = schedule.once.len();
        let places =
            Places { slots: (sums + 8 * (reduces + 1)).next_multiple_of(8), stride: usize::from(forms.stride) };
        let mut stages = Vec::with_capacity(schedule.stages.len());
        for stage in &schedule.stages {
            let mut entries = Vec::new();
            for part in stage.parts.iter().filter(|part| !part.is_empty()) {
                entries.push(self.function(schedule, forms, part, places)?);
            }
            stages.push((entries, Stage { parts: Vec::new(), ..stage.clone() }));
        }
        Ok(StageCode::new(stages, forms, schedule, places))
    }

    fn function(
        &mut self,
        schedule: &Schedule,
        forms: &Forms,
        items: &[super::schedule::Item],
        places: Places,
    ) -> Result<Entry, JitError> {
        self.context.clear();
        self.context.func.signature = clif::signature(self.isa.default_call_conv());
        clif::write(&mut self.context.func, &mut self.memory, schedule, forms, items, places, self.isa);
        if self.text == Some(Text::Clif) {
            let _ = writeln!(self.shown, "{}", self.context.func.display());
        }
        self.context.set_disasm(self.text == Some(Text::Asm));
        let done = self.context.compile(self.isa, &mut self.control);
        let code = done.map_err(|e| JitError::Function(e.inner.to_string()))?;
        if !code.buffer.relocs().is_empty() {
            return Err(JitError::Function("the code refers to something outside".into()));
        }
        if let Some(text) = &code.vcode {
            self.shown += text;
            self.shown.push('\n');
        }
        let at = self.bytes.len().next_multiple_of(ALIGN);
        self.bytes.resize(at, 0x90);
        self.bytes.extend_from_slice(code.code_buffer());
        self.summary.functions += 1;
        self.summary.items += items.len();
        self.summary.longest = self.summary.longest.max(items.len());
        Ok(Entry(at))
    }
}
