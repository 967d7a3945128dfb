{{-- The panel's stylesheet is built before an extension is dropped in and lacks its classes; so the view brings its own, in the theme's colours. --}}
<style>
    .pvr { --line: hsl(var(--color-neutral, 220 25% 85%)); --text: hsl(var(--color-base, 0 0% 10%)); --soft: color-mix(in srgb, hsl(var(--color-muted, 0 0% 40%)) 65%, var(--text)); --main: hsl(var(--color-primary, 229 100% 64%)); --good: hsl(var(--color-success, 142 71% 45%)); --bad: hsl(var(--color-error, 0 75% 60%)); --warn: hsl(var(--color-warning, 25 95% 53%)); --ground: hsl(var(--color-background-secondary, 0 0% 97%)); --page: hsl(var(--color-background, 0 0% 100%)); color: var(--text); display: grid; gap: 1rem; font-size: .9375rem; line-height: 1.5; }
    .pvr, .pvr * { box-sizing: border-box; }
    .pvr-card { background: var(--ground); border: 1px solid var(--line); border-radius: .75rem; padding: 1.25rem; display: grid; gap: .875rem; justify-items: start; min-width: 0; }
    .pvr-card > * { max-width: 100%; }
    .pvr-card > .pvr-head, .pvr-card > .pvr-list, .pvr-card > .pvr-meters, .pvr-card > .pvr-progress, .pvr-card > .pvr-scroll, .pvr-card > form, .pvr-card > .pvr-line, .pvr-card > .pvr-note { width: 100%; }
    .pvr h2 { font-size: 1.375rem; font-weight: 600; margin: 0; overflow-wrap: anywhere; }
    .pvr h3 { font-size: 1.125rem; font-weight: 600; margin: 0; overflow-wrap: anywhere; }
    .pvr p { margin: 0; }
    .pvr a { color: var(--main); text-decoration: underline; text-underline-offset: 2px; }
    .pvr-soft { color: var(--soft); font-size: .875rem; }
    .pvr-head, .pvr-line, .pvr-item, .pvr-row { display: flex; flex-wrap: wrap; gap: .5rem .75rem; align-items: center; }
    .pvr-head, .pvr-line { justify-content: space-between; }
    .pvr-line { border-top: 1px solid var(--line); padding-top: .875rem; }
    .pvr-grow { flex: 1 1 14rem; min-width: 0; }
    .pvr-buttons { display: inline-flex; flex-wrap: wrap; gap: .5rem; margin-left: auto; }
    .pvr-state { border-radius: 1rem; padding: .125rem .625rem; font-size: .8125rem; font-weight: 600; white-space: nowrap; background: color-mix(in srgb, var(--warn) 16%, transparent); color: color-mix(in srgb, var(--warn) 60%, var(--text)); }
    .pvr-active { background: color-mix(in srgb, var(--good) 16%, transparent); color: color-mix(in srgb, var(--good) 55%, var(--text)); }
    .pvr-failed, .pvr-missing, .pvr-expired, .pvr-deleted, .pvr-terminated { background: color-mix(in srgb, var(--bad) 16%, transparent); color: color-mix(in srgb, var(--bad) 60%, var(--text)); }
    .pvr-note { border-left: 3px solid var(--warn); padding: .375rem .75rem; background: color-mix(in srgb, var(--warn) 8%, transparent); border-radius: .25rem; }
    .pvr-bad { border-color: var(--bad); background: color-mix(in srgb, var(--bad) 8%, transparent); }
    .pvr-ask { border-color: var(--bad); }
    .pvr button { border: 1px solid var(--line); background: var(--page); color: var(--text); border-radius: .375rem; padding: .4375rem .875rem; font-size: .875rem; font-weight: 600; cursor: pointer; }
    .pvr button:hover { border-color: var(--soft); }
    .pvr button:focus-visible, .pvr input:focus-visible, .pvr select:focus-visible, .pvr textarea:focus-visible { outline: 2px solid var(--main); outline-offset: 2px; }
    .pvr button:disabled { opacity: .5; cursor: not-allowed; }
    .pvr button.pvr-main { background: var(--main); border-color: var(--main); color: #fff; }
    .pvr button.pvr-danger { background: color-mix(in srgb, var(--bad) 80%, #000); border-color: transparent; color: #fff; }
    .pvr button.pvr-quiet { background: transparent; color: color-mix(in srgb, var(--bad) 70%, var(--text)); }
    .pvr input, .pvr select, .pvr textarea { width: 100%; border: 1px solid var(--line); background: var(--page); color: var(--text); border-radius: .375rem; padding: .4375rem .75rem; font-size: .9375rem; }
    .pvr-bar { height: .5rem; border-radius: .25rem; background: var(--line); overflow: hidden; }
    .pvr-bar span { display: block; height: 100%; background: var(--main); border-radius: inherit; transition: width .4s; }
    .pvr-progress { display: grid; gap: .375rem; }
    .pvr-meters { display: grid; grid-template-columns: repeat(auto-fit, minmax(11rem, 1fr)); gap: 1rem; margin: 0; }
    .pvr-meters div { display: grid; gap: .25rem; align-content: start; }
    .pvr-meters dt { font-size: .8125rem; color: var(--soft); }
    .pvr-meters dd { margin: 0; font-weight: 600; }
    .pvr-list { list-style: none; margin: 0; padding: 0; display: grid; }
    .pvr-list > li { padding: .625rem 0; border-top: 1px solid var(--line); min-width: 0; }
    .pvr-list > li:first-child { border-top: 0; }
    .pvr .pvr-list p { margin-top: .375rem; }
    .pvr-list strong { overflow-wrap: anywhere; }
    .pvr-scroll { overflow-x: auto; margin-top: .5rem; }
    .pvr table { border-collapse: collapse; font-size: .875rem; width: 100%; }
    .pvr caption { text-align: left; padding-bottom: .25rem; }
    .pvr th, .pvr td { text-align: left; padding: .25rem 1rem .25rem 0; vertical-align: top; }
    .pvr th { font-weight: 600; color: var(--soft); }
    .pvr code { font-family: ui-monospace, monospace; font-size: .8125rem; overflow-wrap: anywhere; user-select: all; }
    .pvr .pvr-key { font-size: 1.25rem; font-weight: 600; letter-spacing: .04em; }
    .pvr .pvr-note > * + * { margin-top: .625rem; }
    .pvr textarea { font-family: ui-monospace, monospace; font-size: .875rem; resize: vertical; }
    .pvr-form { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(14rem, 100%), 1fr)); gap: .875rem 1rem; align-items: start; }
    .pvr-form label { display: grid; gap: .25rem; min-width: 0; }
    .pvr-wide { grid-column: 1 / -1; }
    .pvr-label { display: block; font-size: .8125rem; font-weight: 600; }
    .pvr-fault { color: color-mix(in srgb, var(--bad) 75%, var(--text)); font-size: .875rem; font-weight: 600; overflow-wrap: anywhere; }
    .pvr-drift { font-size: .875rem; font-weight: 600; color: color-mix(in srgb, var(--warn) 65%, var(--text)); }
    .pvr-records td { border-top: 1px solid var(--line); padding: .625rem 1rem .625rem 0; }
    .pvr-records td:last-child { padding-right: 0; }
    .pvr-records .pvr-buttons { display: flex; flex-wrap: nowrap; justify-content: flex-end; white-space: nowrap; }
    .pvr-records td[data-label]:nth-child(3) { width: 99%; }
    .pvr-records td[data-label]:first-child { min-width: 8.5rem; }
    .pvr-records code { overflow-wrap: anywhere; }
    .pvr-lines, .pvr-diff { list-style: none; margin: 0; padding: 0; display: grid; gap: .25rem; font-size: .875rem; overflow-wrap: anywhere; }
    .pvr-diff { max-height: 24rem; overflow-y: auto; border: 1px solid var(--line); border-radius: .375rem; padding: .5rem .75rem; margin-top: .375rem; }
    .pvr-goes { color: color-mix(in srgb, var(--bad) 75%, var(--text)); }
    .pvr-comes { color: color-mix(in srgb, var(--good) 60%, var(--text)); }
    .pvr-hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
    @@media (max-width: 36rem) {
        .pvr-buttons { margin-left: 0; width: 100%; }
        .pvr thead { display: none; }
        .pvr tr { display: grid; grid-template-columns: auto 1fr; gap: .125rem .75rem; }
        .pvr td { display: contents; }
        .pvr td::before { content: attr(data-label); color: var(--soft); }
        .pvr-records tr { border-top: 1px solid var(--line); padding: .75rem 0; }
        .pvr-records td > .pvr-buttons { grid-column: 1 / -1; flex-wrap: wrap; justify-content: flex-start; margin-top: .375rem; }
        .pvr-records td:not([data-label])::before { content: none; }
    }
</style>
