<section class="pvr-card">
    <div class="pvr-head">
        <h3>{{ $words->say('zone.records') }}</h3>
        @if ($records?->quota !== null)
            <span class="pvr-soft">{{ $words->say('page.quota', ['used' => $records->quota->used, 'limit' => $records->quota->limit]) }}</span>
        @endif
    </div>
    @if ($records === null)
        <p class="pvr-note">{{ $gap }}</p>
    @else
        @unless ($records->verified)
            <p class="pvr-note">{{ $words->say('zone.unverified') }}</p>
        @endunless
        <div class="pvr-scroll">
            <table class="pvr-records">
                <thead>
                    <tr>
                        <th>{{ $words->say('record.name') }}</th>
                        <th>{{ $words->say('record.type') }}</th>
                        <th>{{ $words->say('record.data') }}</th>
                        <th>{{ $words->say('record.ttl_short') }}</th>
                        <th><span class="pvr-hidden">{{ $words->say('record.actions') }}</span></th>
                    </tr>
                </thead>
                <tbody>
                    @forelse ($records->records as $record)
                        <tr wire:key="record-{{ $record->id }}">
                            <td data-label="{{ $words->say('record.name') }}"><code>{{ $record->name }}</code></td>
                            <td data-label="{{ $words->say('record.type') }}">{{ $record->type }}</td>
                            <td data-label="{{ $words->say('record.data') }}">
                                <div>
                                    <code>{{ trim($record->prefix() . ' ' . $record->data) }}</code>
                                    @if ($record->data !== $record->published)
                                        <span class="pvr-soft">= {{ $record->published }}</span>
                                    @endif
                                    @if ($record->hasDrifted())
                                        <p class="pvr-drift">{{ $words->say("drift.$record->state") }}</p>
                                    @elseif ($record->serviceId !== null)
                                        <p class="pvr-soft">{{ $words->say('record.managed', ['service' => $record->serviceId]) }}</p>
                                    @endif
                                </div>
                            </td>
                            <td data-label="{{ $words->say('record.ttl_short') }}">{{ $record->ttl }}</td>
                            <td>
                                @if ($shown->isEditable() && $record->serviceId === null)
                                    <span class="pvr-buttons">
                                        @if ($record->state === 'missing' || $record->state === 'foreign')
                                            <button type="button" wire:click="settle(@js($record->id))" wire:loading.attr="disabled">{{ $words->say("drift.{$record->state}_do") }}</button>
                                        @endif
                                        <button type="button" wire:click="openRecord(@js($record->id))" wire:loading.attr="disabled" aria-label="{{ $words->say('record.edit') }} {{ $record->name }} {{ $record->type }}">{{ $words->say('record.edit') }}</button>
                                        <button type="button" class="pvr-quiet" wire:click="askToDeleteRecord(@js($record->id))" wire:loading.attr="disabled" aria-label="{{ $words->say('record.delete') }} {{ $record->name }} {{ $record->type }}">{{ $words->say('record.delete') }}</button>
                                    </span>
                                @endif
                            </td>
                        </tr>
                    @empty
                        <tr><td colspan="5" class="pvr-soft">{{ $words->say('zone.no_records') }}</td></tr>
                    @endforelse
                </tbody>
            </table>
        </div>
    @endif
</section>
