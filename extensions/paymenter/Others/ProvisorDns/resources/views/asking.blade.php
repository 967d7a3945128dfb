<section class="pvr-card pvr-ask" role="alertdialog" aria-labelledby="pvr-ask">
    @if ($open === 'delete-record')
        <h3 id="pvr-ask">{{ $words->say('zone.ask_record') }}</h3>
        @if ($asked !== null)
            <p><code>{{ $asked->name }} {{ $asked->type }} {{ trim($asked->prefix() . ' ' . $asked->data) }}</code></p>
        @endif
        <div class="pvr-row">
            <button type="button" class="pvr-danger" wire:click="deleteRecord" wire:loading.attr="disabled">{{ $words->say('record.delete') }}</button>
            <button type="button" wire:click="dismiss">{{ $words->say('page.cancel') }}</button>
        </div>
    @else
        <h3 id="pvr-ask">{{ $words->say('zone.ask_zone', ['zone' => $shown->unicodeName]) }}</h3>
        <p>{{ $words->say('zone.ask_zone_help') }}</p>
        <form class="pvr-row" wire:submit.prevent="deleteZone">
            <label class="pvr-grow">
                <span class="pvr-label">{{ $words->say('zone.type_it', ['zone' => $shown->unicodeName]) }}</span>
                <input type="text" wire:model="typed" autocomplete="off" autocapitalize="none" spellcheck="false" @isset($faults['typed']) aria-invalid="true" aria-describedby="pvr-fault-typed" @endisset>
                @isset($faults['typed'])
                    <span class="pvr-fault" id="pvr-fault-typed" role="alert">{{ $faults['typed'] }}</span>
                @endisset
            </label>
            <button type="submit" class="pvr-danger" wire:loading.attr="disabled">{{ $words->say('zone.delete') }}</button>
            <button type="button" wire:click="dismiss">{{ $words->say('page.cancel') }}</button>
        </form>
    @endif
</section>
