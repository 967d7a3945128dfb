{{-- One root, as Livewire wants it. It looks again by itself while something is being done. --}}
<div class="pvr" @if ($overview?->pollSeconds() !== null) wire:poll.{{ $overview->pollSeconds() }}s @endif>
    @include('provisor-sites::style')

    @if ($overview === null)
        <p class="pvr-note pvr-bad">{{ $words->say('panel.not_configured') }}</p>
    @elseif ($overview->isMissing)
        <section class="pvr-card">
            <h3>{{ $words->say('panel.missing') }}</h3>
            <p>{{ $words->say('panel.missing_help') }}</p>
            <button type="button" class="pvr-main" wire:click="setUp" wire:loading.attr="disabled">{{ $words->say('panel.set_up') }}</button>
        </section>
    @elseif ($overview->site === null)
        <p class="pvr-note pvr-bad" role="alert">{{ $overview->problems['site'] ?? '' }}</p>
    @else
        @include('provisor-sites::livewire.confirmation')
        @include('provisor-sites::livewire.site', ['site' => $overview->site])
        @includeWhen($overview->domains !== null || isset($overview->problems['domains']), 'provisor-sites::livewire.domains')
        @includeWhen($overview->backups !== null || isset($overview->problems['backups']), 'provisor-sites::livewire.backups')
    @endif
</div>
