{{-- One root, as Livewire wants it. It looks again by itself while something is being done. --}}
<div class="container mt-14" @if ($isBusy) wire:poll.3s @endif>
<div class="pvr">
    @include('provisor-dns::style')
    <h2>{{ $words->say('zones.title') }}</h2>

    @if ($list === null)
        <p class="pvr-note pvr-bad" role="alert">{{ $problem }}</p>
    @else
        @include('provisor-dns::needed')
        <section class="pvr-card">
            <div class="pvr-head">
                <h3>{{ $words->say('zones.yours') }}</h3>
                <span class="pvr-soft">{{ $words->say('page.quota', ['used' => $list->quota->used, 'limit' => $list->quota->limit]) }}</span>
            </div>
            <ul class="pvr-list">
                @forelse ($list->zones as $zone)
                    <li wire:key="zone-{{ $zone->name }}">
                        <div class="pvr-item">
                            <strong>
                                @if (in_array($zone->state, ['active', 'deleting'], true))
                                    <a href="{{ \Illuminate\Support\Facades\URL::route('provisor-dns.zone', ['zone' => $zone->name]) }}" wire:navigate>{{ $zone->unicodeName }}</a>
                                @else
                                    {{ $zone->unicodeName }}
                                @endif
                            </strong>
                            <span class="pvr-state pvr-{{ $zone->state }}">{{ $words->say("zone_states.$zone->state") }}</span>
                            @if ($zone->quota !== null)
                                <span class="pvr-soft">{{ $words->say('zones.records', ['used' => $zone->quota->used, 'limit' => $zone->quota->limit]) }}</span>
                            @endif
                            @if ($zone->state === 'failed')
                                <span class="pvr-buttons">
                                    <button type="button" class="pvr-main" wire:click="createAgain(@js($zone->name))" wire:loading.attr="disabled">{{ $words->say('zones.again') }}</button>
                                </span>
                            @endif
                        </div>
                        @if ($zone->isBusy())
                            <p class="pvr-soft" aria-live="polite">{{ $zone->operation->message }} {{ $zone->operation->percent }} %</p>
                        @elseif ($zone->operation?->hasFailed())
                            <p class="pvr-note pvr-bad">{{ $zone->operation->errorMessage ?? $zone->operation->message }}</p>
                        @endif
                    </li>
                @empty
                    <li class="pvr-soft">{{ $words->say('zones.none') }}</li>
                @endforelse
            </ul>
            @if ($list->quota->isUsedUp())
                <p class="pvr-soft">{{ $words->say('zones.full') }}</p>
            @else
                <form class="pvr-row" wire:submit.prevent="create">
                    <label class="pvr-grow">
                        <span class="pvr-hidden">{{ $words->say('zones.domain') }}</span>
                        <input type="text" wire:model="name" placeholder="example.com" maxlength="1000" autocomplete="off" autocapitalize="none" spellcheck="false" @if ($fault !== '') aria-invalid="true" aria-describedby="pvr-fault" @endif>
                    </label>
                    <button type="submit" class="pvr-main" wire:loading.attr="disabled">{{ $words->say('zones.add') }}</button>
                </form>
                @if ($fault !== '')
                    <p class="pvr-fault" id="pvr-fault" role="alert">{{ $fault }}</p>
                @endif
            @endif
        </section>
    @endif
</div>
</div>
