{{-- One root, as Livewire wants it. It looks again by itself while something is being done. --}}
<div class="container mt-14" @if ($shown?->isBusy()) wire:poll.3s @endif>
<div class="pvr">
    @include('provisor-dns::style')
    <p><a href="{{ $back }}" wire:navigate>← {{ $words->say('zones.title') }}</a></p>

    @if ($shown === null)
        <p class="pvr-note pvr-bad" role="alert">{{ $problem }}</p>
    @else
        <section class="pvr-card">
            <div class="pvr-head">
                <div>
                    <h2>{{ $shown->unicodeName }}</h2>
                    @if ($shown->unicodeName !== $shown->name)
                        <p class="pvr-soft">{{ $shown->name }}</p>
                    @endif
                </div>
                <span class="pvr-state pvr-{{ $shown->state }}">{{ $words->say("zone_states.$shown->state") }}</span>
            </div>
            @if ($shown->isBusy())
                <div class="pvr-progress" aria-live="polite">
                    <p>{{ $shown->operation->message }} <span class="pvr-soft">{{ $shown->operation->percent }} %</span></p>
                    <div class="pvr-bar" role="progressbar" aria-label="{{ $shown->operation->message }}" aria-valuemin="0" aria-valuemax="100" aria-valuenow="{{ $shown->operation->percent }}">
                        <span style="width: {{ $shown->operation->percent }}%"></span>
                    </div>
                </div>
            @elseif ($shown->operation?->hasFailed())
                <p class="pvr-note pvr-bad" role="alert">{{ $shown->operation->errorMessage ?? $shown->operation->message }}</p>
            @endif
            @if ($shown->nameservers !== [])
                <p class="pvr-soft">{{ $words->say('zone.nameservers') }} @foreach ($shown->nameservers as $host)<code>{{ $host }}</code>@if (!$loop->last), @endif @endforeach</p>
            @endif
            @if ($shown->isEditable())
                <div class="pvr-row">
                    <button type="button" class="pvr-main" wire:click="openRecord" wire:loading.attr="disabled" {{ $shown->quota?->isUsedUp() ? 'disabled' : '' }}>{{ $words->say('zone.add') }}</button>
                    <button type="button" wire:click="download">{{ $words->say('zone.export') }}</button>
                    <button type="button" wire:click="openImport" wire:loading.attr="disabled">{{ $words->say('zone.import') }}</button>
                    <button type="button" class="pvr-quiet" wire:click="askToDeleteZone" wire:loading.attr="disabled">{{ $words->say('zone.delete') }}</button>
                </div>
            @elseif ($shown->managedBy === 'sites')
                <p class="pvr-note">{{ $words->say('zone.managed') }}</p>
            @endif
        </section>

        @includeWhen($open === 'record', 'provisor-dns::record')
        @includeWhen($open === 'import', 'provisor-dns::import')
        @includeWhen($open === 'delete-record' || $open === 'delete-zone', 'provisor-dns::asking')
        @includeWhen($records !== null || $gap !== '', 'provisor-dns::records')
    @endif
</div>
</div>
